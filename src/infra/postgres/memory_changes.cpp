#include "infra/postgres/memory_changes.hpp"

#include <span>
#include <string_view>
#include <utility>

namespace codelab::infra::postgres {
namespace {

/// With what the database has at the place where the index is.
constexpr Sql kCounters =
    "SELECT c.last_position, c.removals, "
    "(SELECT m.id FROM memories m WHERE m.user_id = $1 AND m.agent_id = $2 AND m.position = $3), "
    "(SELECT r.position FROM memory_removals r WHERE r.user_id = $1 AND r.agent_id = $2 AND r.number = $4) "
    "FROM memory_counters c WHERE c.user_id = $1 AND c.agent_id = $2";
constexpr Sql kRemovals =
    "SELECT number, position FROM memory_removals WHERE user_id = $1 AND agent_id = $2 AND number > $3 ORDER BY number";
/// The subquery is run once a row: a join could be planned as a scan of all the agent's vectors.
constexpr Sql kMemoriesAfter =
    "SELECT m.position, m.id, m.text, (SELECT v.vector FROM memory_vectors v WHERE v.user_id = m.user_id "
    "AND v.agent_id = m.agent_id AND v.memory_id = m.id AND m.embedding_model = $4 AND m.dimension = $5) "
    "FROM memories m WHERE m.user_id = $1 AND m.agent_id = $2 AND m.position > $3 ORDER BY m.position LIMIT $6";

std::optional<std::vector<float>> vector_of(const std::optional<std::span<const std::byte>>& stored,
                                            std::int64_t dimension) {
  std::vector<float> vector(static_cast<std::size_t>(dimension));
  if (!stored || !vectors::read_stored(*stored, vector)) return std::nullopt;
  return vector;
}

/// False when a removal after `changes.from` is no longer remembered.
bool add_removals(IndexChanges& changes, Rows rows, std::int64_t removals) {
  while (rows.next()) {
    std::int64_t number = 0;
    std::int64_t position = 0;
    rows.read(number, position);
    if (number != changes.to.removal + 1) return false;
    changes.to.removal = number;
    changes.to.removed = position;
    changes.removed.push_back(position);
  }
  return changes.to.removal >= removals;
}

void add_memories(IndexChanges& changes, Rows rows, std::int64_t dimension, words::Tokenizer& tokenizer) {
  while (rows.next()) {
    IndexedMemory memory;
    std::string_view text;
    std::optional<std::span<const std::byte>> stored;
    rows.read(memory.position, changes.to.memory_id, text, stored);
    memory.text = tokenizer.counted(text);
    memory.vector = vector_of(stored, dimension);
    changes.to.memory = memory.position;
    changes.added.push_back(std::move(memory));
  }
}

}  // namespace

void ask_for_changes(Batch& batch, const vectors::VectorSpace& space, const IndexPosition& from) {
  batch.add(kCounters, space.user, space.agent, from.memory, from.removal)
      .add(kRemovals, space.user, space.agent, from.removal)
      .add(kMemoriesAfter, space.user, space.agent, from.memory, space.model, space.dimension, kMemoriesATrip);
}

/// Each statement sees what was committed when it began, so removals are read before memories: a memory that is seen
/// and was removed since has its removal still to come.
ReadChanges read_changes(Answer& answer, const vectors::VectorSpace& space, const IndexPosition& from,
                         words::Tokenizer& tokenizer) {
  Rows counters = std::move(answer.at(0));
  if (!counters.next()) return {.any_memories = false, .changes = std::nullopt};
  IndexPosition newest;
  std::optional<base::MemoryId> memory_there;
  std::optional<std::int64_t> removed_there;
  counters.read(newest.memory, newest.removal, memory_there, removed_there);
  const bool set_back = !newest.covers(from) || memory_there.value_or(from.memory_id) != from.memory_id ||
                        (from.removed > 0 && removed_there.value_or(from.removed) != from.removed);

  IndexChanges changes{.from = from, .to = from, .removed = {}, .added = {}};
  if (from.memory == 0) {
    // An empty index lacks nothing that was removed before.
    changes.to.removal = newest.removal;
  } else if (set_back || !add_removals(changes, std::move(answer.at(1)), newest.removal)) {
    return {.changes = std::nullopt};
  }
  add_memories(changes, std::move(answer.at(2)), space.dimension, tokenizer);
  const bool more = std::cmp_greater_equal(changes.added.size(), kMemoriesATrip);
  return {.changes = std::move(changes), .more = more};
}

}  // namespace codelab::infra::postgres
