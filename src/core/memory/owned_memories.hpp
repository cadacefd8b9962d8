#pragma once

#include <vector>

#include "base/ids.hpp"
#include "base/task.hpp"
#include "core/identity/user_scope.hpp"

namespace codelab::core::memory {

struct MemoryOwner {
  base::UserId user;
  base::AgentId agent;
};

/// What a memory store offers that stands apart from the store of users and agents: there nothing goes with its owner
/// by itself. Thread-safe; a store that is away throws, and a call that did is to be repeated: what was done stays
/// done.
class OwnedMemories {
 public:
  virtual ~OwnedMemories() = default;
  virtual base::Task<> drop_agent(identity::UserScope scope, base::AgentId agent) = 0;
  /// The memories of all the user's agents.
  virtual base::Task<> drop_user(identity::UserScope scope) = 0;
  /// For the look around at a start: every agent that has memories, whosever it is.
  virtual base::Task<std::vector<MemoryOwner>> owners() = 0;
};

}  // namespace codelab::core::memory
