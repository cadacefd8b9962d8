#pragma once

#include <vector>

#include "http/handlers/agents/agents.hpp"
#include "http/handlers/approvals/approvals.hpp"
#include "http/handlers/chat/messages.hpp"
#include "http/handlers/chat/sessions.hpp"
#include "http/handlers/chat/stream.hpp"
#include "http/handlers/chat/tasks.hpp"
#include "http/handlers/identity/accounts.hpp"
#include "http/handlers/memory/memory.hpp"
#include "http/handlers/orchestration/orchestration.hpp"
#include "http/handlers/service/service.hpp"
#include "http/route.hpp"

namespace codelab::http {

struct Handlers {
  handlers::AccountHandlers& accounts;
  handlers::AgentHandlers& agents;
  handlers::SessionHandlers& sessions;
  handlers::MessageHandlers& messages;
  handlers::StreamHandler& stream;
  handlers::TaskHandlers& tasks;
  handlers::OrchestrationHandlers& orchestration;
  handlers::ApprovalHandlers& approvals;
  handlers::MemoryHandlers& memory;
  handlers::ServiceHandlers& service;
};

/// The API at a glance.
std::vector<Route> make_routes(Handlers handlers);
/// /metrics, which may stand on another port than the rest.
Route make_metrics_route(handlers::ServiceHandlers& service);

}  // namespace codelab::http
