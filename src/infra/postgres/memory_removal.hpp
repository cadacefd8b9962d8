#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/identity/user_scope.hpp"
#include "infra/postgres/transaction.hpp"

/// How memories go: their rows and vectors, their counts, and the note of it that the indexes of every process follow.
namespace codelab::infra::postgres {

/// An agent whose memories only this transaction changes, until it ends.
struct HeldMemories {
  std::string agent_name;
  /// How many of them were ever removed.
  std::int64_t removals = 0;
};

/// Queues taking hold: two statements. Whoever changes memories takes the agent's row before their counters, in the
/// order in which erasing the agent does: nobody waits in a circle.
void hold_memories(Transaction& tx, const core::identity::UserScope& scope, const base::AgentId& agent);
/// From the two answers; nullopt when the agent is not there or never had a memory.
std::optional<HeldMemories> read_held(Rows agent, Rows counters);

/// Queues the removal of the memories at these positions, all of which are there.
void remove_memories(Transaction& tx, const core::identity::UserScope& scope, const base::AgentId& agent,
                     const HeldMemories& held, const std::vector<std::int64_t>& positions);

}  // namespace codelab::infra::postgres
