#include "infra/sqlite/memory_removal.hpp"

#include <limits>

#include "infra/sqlite/rows.hpp"
#include "infra/sqlite/text_index.hpp"

namespace codelab::infra::sqlite {
namespace {

using core::memory::MemoryKind;

constexpr Sql kMemoryById =
    "SELECT row_id, agent_id, kind, embedding_model, dimension, text_bytes, created_at FROM memories "
    "WHERE user_id = ? AND agent_id = ? AND id = ?";
constexpr Sql kOldestOfAgent =
    "SELECT row_id, agent_id, kind, embedding_model, dimension, text_bytes, created_at FROM memories "
    "WHERE user_id = ? AND agent_id = ? ORDER BY id LIMIT ?";
constexpr Sql kOldestOfUser =
    "SELECT row_id, agent_id, kind, embedding_model, dimension, text_bytes, created_at FROM memories "
    "WHERE user_id = ? ORDER BY agent_id, id LIMIT ?";
constexpr Sql kDeleteMemory = "DELETE FROM memories WHERE user_id = ? AND agent_id = ? AND row_id = ?";
constexpr Sql kUncount =
    "UPDATE memory_collections SET items = items - 1, interactions = interactions - ?, text_bytes = text_bytes - ? "
    "WHERE user_id = ? AND agent_id = ? AND embedding_model = ? AND dimension = ?";
constexpr Sql kSpacesOfAgent =
    "SELECT agent_id, embedding_model, dimension FROM memory_collections WHERE user_id = ? AND agent_id = ?";
constexpr Sql kSpacesOfUser = "SELECT agent_id, embedding_model, dimension FROM memory_collections WHERE user_id = ?";

struct StoredMemory {
  std::int64_t row_id = 0;
  MemoryKind kind{};
  VectorSpace space;
  std::int64_t text_bytes = 0;
  base::Timestamp created_at;
};

auto reader_for(const base::UserId& user) {
  return [user](const Rows& rows) {
    StoredMemory memory{.space = {.user = user}};
    rows.read(memory.row_id, memory.space.agent, memory.kind, memory.space.model, memory.space.dimension,
              memory.text_bytes, memory.created_at);
    return memory;
  };
}

void forget_row(Transaction& tx, MemoryIndexes& indexes, const StoredMemory& memory) {
  Connection& sql = tx.sql();
  const auto& space = memory.space;
  remove_from_text_index(tx, memory.row_id);
  sql.execute(kDeleteMemory, space.user, space.agent, memory.row_id);
  const std::int64_t interactions = memory.kind == MemoryKind::interaction ? 1 : 0;
  sql.execute(kUncount, interactions, memory.text_bytes, space.user, space.agent, space.model, space.dimension);
  tx.after_commit([&indexes, space, row_id = memory.row_id]() noexcept { indexes.removed(space, row_id); });
}

void drop_indexes(Transaction& tx, MemoryIndexes& indexes, const base::UserId& user, Rows rows) {
  while (rows.next()) {
    VectorSpace space{.user = user};
    rows.read(space.agent, space.model, space.dimension);
    tx.after_commit([&indexes, space = std::move(space)]() noexcept { indexes.erase(space); });
  }
}

}  // namespace

bool forget_one(Transaction& tx, MemoryIndexes& indexes, const base::UserId& user, const base::AgentId& agent,
                const base::MemoryId& memory) {
  const auto found = first_of(tx.sql().query(kMemoryById, user, agent, memory), reader_for(user));
  if (found) forget_row(tx, indexes, *found);
  return found.has_value();
}

std::int64_t forget(Transaction& tx, MemoryIndexes& indexes, const Forgetting& what) {
  const auto oldest =
      what.agent ? all_of(tx.sql().query(kOldestOfAgent, what.user, *what.agent, what.limit), reader_for(what.user))
                 : all_of(tx.sql().query(kOldestOfUser, what.user, what.limit), reader_for(what.user));
  std::int64_t forgotten = 0;
  for (const auto& memory : oldest) {
    if (what.older_than && memory.created_at >= *what.older_than) break;
    forget_row(tx, indexes, memory);
    ++forgotten;
  }
  return forgotten;
}

void forget_agent(Transaction& tx, MemoryIndexes& indexes, const base::UserId& user, const base::AgentId& agent) {
  forget(tx, indexes, {.user = user, .agent = agent, .limit = std::numeric_limits<std::int64_t>::max()});
  drop_indexes(tx, indexes, user, tx.sql().query(kSpacesOfAgent, user, agent));
}

void forget_user(Transaction& tx, MemoryIndexes& indexes, const base::UserId& user) {
  forget(tx, indexes, {.user = user, .limit = std::numeric_limits<std::int64_t>::max()});
  drop_indexes(tx, indexes, user, tx.sql().query(kSpacesOfUser, user));
}

base::Task<> forget_in_slices(Writer& writer, MemoryIndexes& indexes, core::identity::UserScope scope,
                              std::optional<base::AgentId> agent) {
  const Forgetting slice{.user = scope.user(), .agent = agent, .limit = kForgetAtOnce};
  std::int64_t forgotten = kForgetAtOnce;
  while (forgotten == kForgetAtOnce) {
    auto work = [&indexes, slice](Transaction& tx) { return forget(tx, indexes, slice); };
    forgotten = co_await writer.run("memory.forget", std::move(work));
  }
}

}  // namespace codelab::infra::sqlite
