#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/identity/user_scope.hpp"
#include "core/memory/memory.hpp"
#include "infra/sqlite/memory_indexes.hpp"
#include "infra/sqlite/transaction.hpp"
#include "infra/sqlite/writer.hpp"

/// How memories go: their rows, vectors, places in the text index, counts and, once that is durable, the vectors at
/// hand.
namespace codelab::infra::sqlite {

/// Which memories, oldest first. Each bound applies when it is there.
struct Forgetting {
  base::UserId user;
  /// All of the user's agents without it.
  std::optional<base::AgentId> agent;
  std::optional<base::Timestamp> older_than;
  std::int64_t limit = 0;
};

/// False when that memory is not there.
bool forget_one(Transaction& tx, MemoryIndexes& indexes, const base::UserId& user, const base::AgentId& agent,
                const base::MemoryId& memory);
/// How many were forgotten.
std::int64_t forget(Transaction& tx, MemoryIndexes& indexes, const Forgetting& what);

/// All memories of an agent or of a user, as part of erasing it.
void forget_agent(Transaction& tx, MemoryIndexes& indexes, const base::UserId& user, const base::AgentId& agent);
void forget_user(Transaction& tx, MemoryIndexes& indexes, const base::UserId& user);

/// Memories that one transaction forgets: what another writer may have to wait for.
inline constexpr std::int64_t kForgetAtOnce = 256;

/// All memories of an agent, or of all the user's agents, in transactions of kForgetAtOnce each.
base::Task<> forget_in_slices(Writer& writer, MemoryIndexes& indexes, core::identity::UserScope scope,
                              std::optional<base::AgentId> agent);

}  // namespace codelab::infra::sqlite
