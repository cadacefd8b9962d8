#pragma once

#include "base/task.hpp"
#include "core/identity/user_scope.hpp"
#include "core/orchestration/orchestrator.hpp"

namespace codelab::core::orchestration {

/// Keeps each user's orchestrator. Thread-safe; throws when the store is away.
class OrchestratorStore {
 public:
  virtual ~OrchestratorStore() = default;
  /// The user's, which is `fresh` at its first use.
  virtual base::Task<Orchestrator> open(identity::UserScope scope, Orchestrator fresh) = 0;
  /// Sets config and updated_at; the orchestrator as it is then. It was opened before.
  virtual base::Task<Orchestrator> configure(identity::UserScope scope, OrchestratorConfig config,
                                             base::Timestamp now) = 0;
};

}  // namespace codelab::core::orchestration
