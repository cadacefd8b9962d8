#include "tests/contract/stores.hpp"

#include <fmt/format.h>

#include "tests/contract/store_kinds.hpp"

namespace codelab::tests {

std::vector<StoreKind> store_kinds() {
  auto kinds = sqlite_kinds();
  for (auto& kind : postgres_kinds()) kinds.push_back(std::move(kind));
  return kinds;
}

std::vector<StoreKind> memory_store_kinds() {
  auto kinds = store_kinds();
  for (auto& kind : qdrant_kinds()) kinds.push_back(std::move(kind));
  return kinds;
}

core::identity::UserScope StoreContract::new_user() {
  const auto id = base::UserId::generate();
  core::identity::UserCredentials user{
      .user = {.id = id, .email = fmt::format("{}@example.org", id.str()), .created_at = clock.now()},
      .password_hash = "hash"};
  EXPECT_TRUE(run_task(stores->users().create(user, {})));
  relay.take();
  return core::identity::ScopeIssuer::open(id);
}

core::agents::Agent StoreContract::new_agent(const core::identity::UserScope& user, const std::string& name) {
  core::agents::Agent agent{.id = base::AgentId::generate(), .name = name};
  agent.created_at = agent.updated_at = clock.now();
  EXPECT_TRUE(run_task(stores->agents().create(user, agent)));
  relay.take();
  return agent;
}

core::chat::Session StoreContract::new_session(const core::identity::UserScope& user) {
  core::chat::Session session{.id = base::SessionId::generate(), .title = "title"};
  session.created_at = session.updated_at = clock.now();
  run_task(stores->sessions().create(user, session));
  relay.take();
  return session;
}

core::chat::NewCall StoreContract::new_call(const core::chat::Session& session, const std::string& content) {
  core::chat::NewCall call;
  call.message = {.id = base::MessageId::generate(), .session_id = session.id, .content = content};
  call.task = {.id = base::TaskId::generate(),
               .session_id = session.id,
               .agent_id = base::AgentId::generate(),
               .agent_name = "coder",
               .request_message_id = call.message.id};
  call.message.task_id = call.task.id;
  call.message.created_at = call.task.created_at = clock.now();
  call.events = {{.type = core::events::EventType::message_created, .task = call.task.id, .payload = R"({"a":1})"},
                 {.type = core::events::EventType::task_queued, .task = call.task.id, .agent = "coder"}};
  return call;
}

core::chat::Task StoreContract::begun(const core::identity::UserScope& user, const core::chat::Session& session) {
  const auto call = run_task(stores->tasks().begin(user, new_call(session)));
  EXPECT_TRUE(call);
  relay.take();
  return call->task;
}

core::chat::Message StoreContract::answer_to(const core::chat::Task& task, const std::string& content) {
  return {.id = base::MessageId::generate(),
          .session_id = task.session_id,
          .role = core::chat::MessageRole::assistant,
          .content = content,
          .agent_id = task.agent_id,
          .agent_name = task.agent_name,
          .task_id = task.id,
          .model = "offline",
          .usage = core::chat::Usage{.prompt_tokens = 7, .completion_tokens = 3, .cost_usd = 0.25},
          .created_at = clock.now()};
}

core::chat::Task StoreContract::completed(core::chat::Task task, const core::chat::Message& answer) {
  task.status = core::chat::TaskStatus::completed;
  task.message_id = answer.id;
  task.started_at = clock.now();
  task.completed_at = clock.now();
  return task;
}

std::vector<core::events::Event> StoreContract::events_of(const core::identity::UserScope& user,
                                                          core::events::StreamId stream) {
  return run_task(stores->log().read(user, stream, 0, 1'000));
}

std::vector<std::string> StoreContract::own_event_types(const core::identity::UserScope& user) {
  std::vector<std::string> types;
  for (const auto& event : events_of(user, core::events::own_stream(user.user()))) {
    types.emplace_back(base::name_of(event.body.type));
  }
  return types;
}

}  // namespace codelab::tests
