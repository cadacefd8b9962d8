#include "http/handlers/agents/agents.hpp"

#include "http/json_response.hpp"
#include "http/problem.hpp"

namespace codelab::http::handlers {
namespace {

core::agents::AgentRef agent_of(const UserRequest& request) {
  return core::agents::AgentRef::parse(request.param("agent"));
}

}  // namespace

base::Task<Response> AgentHandlers::list(UserRequest request) {
  auto page = page_of(request);
  if (!page) co_return problem(page.error(), request.trace_id);
  const auto agents = co_await agents_.list(request.scope(), std::move(*page));
  co_return json(200, agents);
}

base::Task<Response> AgentHandlers::create(UserRequest request, core::agents::AgentDefinition definition) {
  const auto agent = co_await agents_.create(request.scope(), std::move(definition));
  if (!agent) co_return problem(agent.error(), request.trace_id);
  co_return json_at(201, "/my/agents/" + agent->id.str(), *agent);
}

base::Task<Response> AgentHandlers::get(UserRequest request) {
  auto ref = agent_of(request);
  auto agent = co_await agents_.find_json(request.scope(), std::move(ref));
  if (!agent) co_return problem(agent.error(), request.trace_id);
  co_return json_text(200, std::move(*agent));
}

base::Task<Response> AgentHandlers::patch(UserRequest request, Changes<core::agents::AgentChanges> changes) {
  auto ref = agent_of(request);
  const auto agent = co_await agents_.patch(request.scope(), std::move(ref), std::move(changes.json));
  if (!agent) co_return problem(agent.error(), request.trace_id);
  co_return json(200, *agent);
}

base::Task<Response> AgentHandlers::replace(UserRequest request, core::agents::AgentDefinition definition) {
  auto ref = agent_of(request);
  const auto agent = co_await agents_.replace(request.scope(), std::move(ref), std::move(definition));
  if (!agent) co_return problem(agent.error(), request.trace_id);
  co_return json(200, *agent);
}

base::Task<Response> AgentHandlers::erase(UserRequest request) {
  auto ref = agent_of(request);
  const auto erased = co_await agents_.erase(request.scope(), std::move(ref));
  if (!erased) co_return problem(erased.error(), request.trace_id);
  co_return no_content();
}

}  // namespace codelab::http::handlers
