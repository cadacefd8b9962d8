#pragma once

#include "core/orchestration/orchestrator_store.hpp"

namespace codelab::core::orchestration {

/// The users' orchestrators. Thread-safe; throws when the store is away.
class Orchestrators {
 public:
  Orchestrators(OrchestratorStore& store, const base::Clock& clock) : store_(store), clock_(clock) {}

  base::Task<Orchestrator> get(identity::UserScope scope);
  base::Task<Orchestrator> configure(identity::UserScope scope, OrchestratorConfig config);

 private:
  OrchestratorStore& store_;
  const base::Clock& clock_;
};

}  // namespace codelab::core::orchestration
