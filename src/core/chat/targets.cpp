#include "core/chat/targets.hpp"

#include <utility>

#include "core/chat/mention.hpp"

namespace codelab::core::chat {

base::Task<base::Result<Target>> Targets::of_message(identity::UserScope scope, std::optional<std::string> named,
                                                     std::string content) {
  if (!named) {
    if (const auto mention = leading_mention(content)) named = std::string(*mention);
  }
  if (!named) co_return co_await automatic_.choose(scope, std::move(content));
  auto reference = agents::AgentRef::parse(*named);
  auto agent = co_await agents_.find(scope, std::move(reference));
  if (agent) co_return Target{.agent = std::move(*agent)};
  if (*named != kOrchestratorName || agent.error().code != base::ErrorCode::agent_not_found) co_return agent.error();
  co_return Target{.agent = co_await automatic_.orchestrator(scope), .kind = TaskKind::plan};
}

base::Task<base::Result<agents::CallableAgent>> Targets::of_task(identity::UserScope scope, TaskKind kind,
                                                                 base::AgentId agent) {
  if (kind == TaskKind::plan) co_return co_await automatic_.orchestrator(scope);
  agents::AgentRef reference{.id = agent, .name = {}};
  co_return co_await agents_.find(scope, std::move(reference));
}

}  // namespace codelab::core::chat
