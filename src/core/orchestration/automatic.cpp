#include "core/orchestration/automatic.hpp"

#include <utility>

#include "core/orchestration/plan_cues.hpp"

namespace codelab::core::orchestration {
namespace {

base::Error target_required(std::string why) {
  return {.code = base::ErrorCode::target_required,
          .detail = std::move(why) + ": set target_agent, or begin the message with @name",
          .fields = {{.loc = {"body", "target_agent"}, .msg = "an agent is required"}}};
}

}  // namespace

base::Task<base::Result<chat::Target>> Automatic::choose(identity::UserScope scope, std::string message) {
  const auto config = (co_await orchestrators_.get(scope)).config;
  if (!config.enabled) co_return target_required("automatic mode is turned off");
  auto team = co_await agents::team_of(agents_, scope);
  if (team.empty()) co_return target_required("there is no agent to choose from");
  if (asks_for_a_plan(message, team)) {
    co_return chat::Target{.agent = co_await orchestrator(scope), .kind = chat::TaskKind::plan};
  }
  const auto picked = co_await picker_.pick(std::move(message), team);
  auto agent = co_await agents_.find(scope, agents::AgentRef{.id = {}, .name = team[picked].name});
  if (!agent) co_return agent.error();
  co_return chat::Target{.agent = std::move(*agent)};
}

base::Task<agents::CallableAgent> Automatic::orchestrator(identity::UserScope scope) {
  const auto orchestrator = co_await orchestrators_.get(scope);
  agents::CallableAgent callable{.id = orchestrator.id, .name = std::string(chat::kOrchestratorName), .config = {}};
  callable.config.model = orchestrator.config.model;
  co_return callable;
}

}  // namespace codelab::core::orchestration
