#include "core/orchestration/orchestrators.hpp"

#include <utility>

namespace codelab::core::orchestration {

base::Task<Orchestrator> Orchestrators::get(identity::UserScope scope) {
  const auto now = clock_.now();
  Orchestrator fresh{.id = base::AgentId::generate(), .config = {}, .created_at = now, .updated_at = now};
  co_return co_await store_.open(scope, std::move(fresh));
}

base::Task<Orchestrator> Orchestrators::configure(identity::UserScope scope, OrchestratorConfig config) {
  co_await get(scope);
  co_return co_await store_.configure(scope, std::move(config), clock_.now());
}

}  // namespace codelab::core::orchestration
