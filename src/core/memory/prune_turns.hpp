#pragma once

#include <memory>

#include "base/ids.hpp"
#include "base/task.hpp"
#include "core/identity/user_scope.hpp"

namespace codelab::core::memory {

/// The right to prune an agent's memories; ends with its destruction.
class PruneTurn {
 public:
  virtual ~PruneTurn() = default;
  /// Whether to look for what is too much: the first time, and again when somebody has come meanwhile who left it to
  /// this turn. False: the turn has ended.
  virtual bool look() = 0;
  /// To be called between pieces of work. False: the turn has lasted too long, and may be somebody else's now.
  virtual base::Task<bool> keep() = 0;
};

/// Lets one pruning of an agent run at a time, so that what is forgotten is deleted once and told once. It is no guard
/// against forgetting too much, for a turn can be lost: whoever prunes sees to that himself. Thread-safe; never throws
/// for a store that is away.
class PruneTurns {
 public:
  virtual ~PruneTurns() = default;
  /// Null: somebody else prunes that agent.
  virtual base::Task<std::unique_ptr<PruneTurn>> take(identity::UserScope scope, base::AgentId agent) = 0;
};

}  // namespace codelab::core::memory
