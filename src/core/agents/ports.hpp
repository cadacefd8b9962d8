#pragma once

#include <optional>

#include "base/result.hpp"
#include "base/task.hpp"
#include "core/agents/agent.hpp"
#include "core/identity/user_scope.hpp"
#include "core/page.hpp"

/// What the agent registry needs from outside.
namespace codelab::core::agents {

/// Each change appends its event (AGENT_CREATED, AGENT_UPDATED, AGENT_DELETED) to the user's own stream in the same
/// transaction. Thread-safe; a store that is away throws.
class AgentStore {
 public:
  virtual ~AgentStore() = default;
  /// Oldest first.
  virtual base::Task<Page<Agent>> list(identity::UserScope scope, PageRequest page) = 0;
  virtual base::Task<std::optional<Agent>> find(identity::UserScope scope, AgentRef ref) = 0;
  /// Errors: name_taken.
  virtual base::Task<base::Result<Agent>> create(identity::UserScope scope, Agent agent) = 0;
  /// Replaces name, config and updated_at of the agent with that id, if it still stands as it was at
  /// `expected_updated_at`. Errors: name_taken, state_conflict, agent_not_found.
  virtual base::Task<base::Result<Agent>> replace(identity::UserScope scope, Agent agent,
                                                  base::Timestamp expected_updated_at) = 0;
  /// Drops the agent and its memory; its past messages stay. False when it was not there.
  virtual base::Task<bool> erase(identity::UserScope scope, base::AgentId agent, base::Timestamp now) = 0;
};

}  // namespace codelab::core::agents
