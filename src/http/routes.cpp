#include "http/routes.hpp"

#include "core/events/public_event.hpp"

namespace codelab::http {

using core::agents::Agent;
using core::approvals::Approval;
using core::chat::Message;
using core::chat::Session;
using core::identity::TokenPair;
using core::identity::User;
using core::memory::MemoryHit;
using core::memory::MemoryItem;
using core::memory::MemoryStats;
using handlers::AccountHandlers;
using handlers::AgentHandlers;
using handlers::ApprovalHandlers;
using handlers::MemoryHandlers;
using handlers::MessageHandlers;
using handlers::OrchestrationHandlers;
using handlers::ServiceHandlers;
using handlers::SessionHandlers;
using handlers::StreamHandler;
using handlers::TaskHandlers;
using enum Method;

std::vector<Route> make_routes(Handlers h) {
  const RouteDoc stream{.summary = "Follow a session's events, live and resumable",
                        .content_type = "application/x-ndjson",
                        .answer = &base::schema_reference<core::events::PublicEvent>,
                        .query = {parameters::kSince},
                        .headers = {parameters::kLastEventId},
                        .also = {{200, "text/event-stream", &base::schema_reference<core::events::PublicEvent>}}};
  const RouteDoc post_message{
      .summary = "Post a message and wait for, stream, or only start the answer",
      .answer = &base::schema_reference<Message>,
      .query = {parameters::kWait},
      .headers = {parameters::kIdempotencyKey, parameters::kPrefer},
      .also = {{200, "application/x-ndjson", &base::schema_reference<core::events::PublicEvent>},
               {202, "application/json", &base::schema_reference<core::chat::Task>}},
      .problems = {409, 502, 504}};
  auto list_messages =
      returns_list<Message>("A session's messages, oldest first",
                            {parameters::kLimit, parameters::kBefore, parameters::kAfter, parameters::kCursor});
  list_messages.description =
      "A page ends at `limit` messages (50, at most 200) or at 4 MiB of content, whichever comes first, and holds at "
      "least one message if there are any. Forwards, `next_cursor` is there when more follow. Backwards, ask for what "
      "stands `before` the first message of a page until a page is empty.";
  return {
      open<&AccountHandlers::register_user>(post, "/auth/register", h.accounts,
                                            returns<TokenPair>(201, "Register").may_fail({403, 409})),
      open<&AccountHandlers::login>(post, "/auth/login", h.accounts, returns<TokenPair>(200, "Log in").may_fail({401})),
      open<&AccountHandlers::refresh>(post, "/auth/refresh", h.accounts,
                                      returns<TokenPair>(200, "Renew the tokens").may_fail({401})),
      open<&AccountHandlers::logout>(post, "/auth/logout", h.accounts, returns_nothing("Log out")),
      mine<&AccountHandlers::profile>(get, "/my/profile", h.accounts, returns<User>(200, "Who am I")),
      mine<&AccountHandlers::erase>(del, "/my/profile", h.accounts, returns_nothing("Erase me and all I own")),

      mine<&AgentHandlers::list>(get, "/my/agents/", h.agents, returns_list<Agent>("My agents")),
      mine<&AgentHandlers::create>(post, "/my/agents/", h.agents,
                                   returns<Agent>(201, "Create an agent").may_fail({409})),
      mine<&AgentHandlers::get>(get, "/my/agents/{agent}", h.agents, returns<Agent>(200, "An agent, by id or name")),
      mine<&AgentHandlers::patch>(patch, "/my/agents/{agent}", h.agents,
                                  returns<Agent>(200, "Change an agent").may_fail({409})),
      mine<&AgentHandlers::replace>(put, "/my/agents/{agent}", h.agents,
                                    returns<Agent>(200, "Replace an agent").may_fail({409})),
      mine<&AgentHandlers::erase>(del, "/my/agents/{agent}", h.agents, returns_nothing("Delete an agent")),

      mine<&MemoryHandlers::list>(get, "/my/agents/{agent}/memory/", h.memory,
                                  returns_list<MemoryItem>("An agent's memories, newest first")),
      mine<&MemoryHandlers::add>(post, "/my/agents/{agent}/memory/", h.memory,
                                 returns<MemoryItem>(201, "Put something into an agent's memory").may_fail({502, 504})),
      mine<&MemoryHandlers::search>(
          get, "/my/agents/{agent}/memory/search", h.memory,
          returns_list<MemoryHit>("Search an agent's memory",
                                  {parameters::kQuestion, parameters::kTopK, parameters::kFilter})
              .may_fail({502, 504})),
      mine<&MemoryHandlers::prune>(post, "/my/agents/{agent}/memory/prune", h.memory,
                                   returns<handlers::PruneAnswer>(200, "Forget old memories")),
      mine<&MemoryHandlers::stats>(get, "/my/agents/{agent}/memory/stats", h.memory,
                                   returns<MemoryStats>(200, "What an agent's memory holds")),
      mine<&MemoryHandlers::erase>(del, "/my/agents/{agent}/memory/{memory_id}", h.memory,
                                   returns_nothing("Forget one memory")),

      mine<&SessionHandlers::list>(get, "/my/chat/sessions/", h.sessions, returns_list<Session>("My chat sessions")),
      mine<&SessionHandlers::create>(post, "/my/chat/sessions/", h.sessions, returns<Session>(201, "Open a session")),
      mine<&SessionHandlers::get>(get, "/my/chat/sessions/{session_id}", h.sessions,
                                  returns<Session>(200, "A session")),
      mine<&SessionHandlers::rename>(patch, "/my/chat/sessions/{session_id}", h.sessions,
                                     returns<Session>(200, "Rename a session")),
      mine<&SessionHandlers::erase>(del, "/my/chat/sessions/{session_id}", h.sessions,
                                    returns_nothing("Delete a session with its messages")),
      mine<&MessageHandlers::list>(get, "/my/chat/{session_id}/messages/", h.messages, std::move(list_messages)),
      mine<&MessageHandlers::post>(post, "/my/chat/{session_id}/message/", h.messages, post_message),
      mine<&StreamHandler::follow>(get, "/my/sse/{session_id}", h.stream, stream),

      mine<&TaskHandlers::list>(
          get, "/my/tasks/", h.tasks,
          returns_list<core::chat::Task>("My tasks, newest first", {parameters::kSession, parameters::kStatus,
                                                                    parameters::kLimit, parameters::kCursor})),
      mine<&TaskHandlers::get>(get, "/my/tasks/{task_id}", h.tasks, returns<core::chat::Task>(200, "A task")),
      mine<&TaskHandlers::cancel>(post, "/my/tasks/{task_id}/cancel", h.tasks,
                                  returns<core::chat::Task>(200, "Cancel a task").may_fail({409})),

      mine<&OrchestrationHandlers::settings>(
          get, "/my/orchestrator", h.orchestration,
          returns<core::orchestration::OrchestratorConfig>(200, "How messages are answered that name no agent")),
      mine<&OrchestrationHandlers::configure>(
          put, "/my/orchestrator", h.orchestration,
          returns<core::orchestration::OrchestratorConfig>(200, "Configure that; what is left out gets its default")),
      mine<&OrchestrationHandlers::plan>(get, "/my/plans/{plan_id}", h.orchestration,
                                         returns<core::orchestration::Plan>(200, "A plan with the state of its nodes")),
      mine<&OrchestrationHandlers::edit>(
          patch, "/my/plans/{plan_id}", h.orchestration,
          returns<core::orchestration::Plan>(200, "Change nodes of a plan that have not begun").may_fail({409})),
      mine<&OrchestrationHandlers::cancel>(post, "/my/plans/{plan_id}/cancel", h.orchestration,
                                           returns<core::orchestration::Plan>(200, "Cancel a plan").may_fail({409})),

      mine<&ApprovalHandlers::list>(
          get, "/my/approvals/", h.approvals,
          returns_list<Approval>("What waits for my decision, and what was decided, newest first",
                                 {parameters::kApprovalStatus, parameters::kLimit, parameters::kCursor})),
      mine<&ApprovalHandlers::get>(get, "/my/approvals/{approval_id}", h.approvals,
                                   returns<Approval>(200, "An approval")),
      mine<&ApprovalHandlers::decide>(post, "/my/approvals/{approval_id}/decision", h.approvals,
                                      returns<Approval>(200, "Approve or reject").may_fail({409, 410})),

      open<&ServiceHandlers::health>(get, "/health", h.service, returns<handlers::Health>(200, "Alive")),
      open<&ServiceHandlers::ready>(get, "/health/ready", h.service, returns<handlers::Readiness>(200, "Ready")),
      open<&ServiceHandlers::openapi>(get, "/openapi.json", h.service, {.summary = "This document"}),
  };
}

Route make_metrics_route(ServiceHandlers& service) {
  return open<&ServiceHandlers::metrics>(get, "/metrics", service,
                                         {.summary = "Prometheus metrics", .content_type = "text/plain"});
}

}  // namespace codelab::http
