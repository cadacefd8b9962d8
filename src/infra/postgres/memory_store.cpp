#include "infra/postgres/memory_store.hpp"

#include <algorithm>

#include "base/describe/encode.hpp"
#include "core/memory/collection_counts.hpp"
#include "core/memory/pruned_event.hpp"
#include "infra/postgres/keyset.hpp"
#include "infra/postgres/memory_removal.hpp"
#include "infra/postgres/memory_rows.hpp"
#include "infra/postgres/memory_search.hpp"

namespace codelab::infra::postgres {
namespace {

using core::identity::UserScope;
using core::memory::CollectionCounts;
using core::memory::MemoryHit;
using core::memory::MemoryItem;
using core::memory::MemoryKind;
using core::memory::MemoryQuery;
using core::memory::MemoryStats;
using core::memory::NewMemory;
using core::memory::PruneRule;

/// Inserts nothing without the agent. Its row is kept from being erased meanwhile; the row of the counters is the lock
/// that orders the writers.
constexpr Sql kNextPosition =
    "INSERT INTO memory_counters AS c (user_id, agent_id, last_position, removals) "
    "SELECT user_id, id, 1, 0 FROM user_agents WHERE user_id = $1 AND id = $2 FOR KEY SHARE "
    "ON CONFLICT (user_id, agent_id) DO UPDATE SET last_position = c.last_position + 1 RETURNING last_position";
constexpr Sql kCount =
    "INSERT INTO memory_collections AS c (user_id, agent_id, embedding_model, dimension, items, interactions, "
    "text_bytes) SELECT user_id, agent_id, $3, $4, 1, $5, $6 FROM memory_counters WHERE user_id = $1 AND agent_id = $2 "
    "ON CONFLICT (user_id, agent_id, embedding_model, dimension) DO UPDATE SET items = c.items + 1, "
    "interactions = c.interactions + excluded.interactions, text_bytes = c.text_bytes + excluded.text_bytes";
constexpr Sql kInsertMemory =
    "INSERT INTO memories (user_id, agent_id, id, position, kind, embedding_model, dimension, created_at, text_bytes, "
    "metadata, text) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10::json, $11)";
constexpr Sql kHasMemory = "SELECT EXISTS (SELECT FROM memories WHERE user_id = $1 AND agent_id = $2 AND id = $3)";
constexpr Sql kInsertVector =
    "INSERT INTO memory_vectors (user_id, agent_id, memory_id, vector) VALUES ($1, $2, $3, $4)";
constexpr Sql kMemoriesBefore =
    "SELECT id, kind, text, metadata, embedding_model, created_at FROM memories "
    "WHERE user_id = $1 AND agent_id = $2 AND id < $3 ORDER BY id DESC LIMIT $4";
constexpr Sql kCountMemories =
    "SELECT coalesce(sum(items), 0)::bigint FROM memory_collections WHERE user_id = $1 AND agent_id = $2";
constexpr Sql kPositionOf = "SELECT position FROM memories WHERE user_id = $1 AND agent_id = $2 AND id = $3";
constexpr Sql kOldest =
    "SELECT created_at, position FROM memories WHERE user_id = $1 AND agent_id = $2 ORDER BY id LIMIT $3";
constexpr Sql kNewest = "SELECT created_at FROM memories WHERE user_id = $1 AND agent_id = $2 ORDER BY id DESC LIMIT 1";
constexpr Sql kCollections =
    "SELECT embedding_model, dimension, items, interactions, text_bytes FROM memory_collections "
    "WHERE user_id = $1 AND agent_id = $2 AND items > 0";

/// Memories that one transaction forgets: what another writer may have to wait for.
constexpr std::int64_t kForgetAtOnce = 256;

base::Task<base::Result<MemoryItem>> add_memory(Transaction& tx, UserScope scope, base::AgentId agent,
                                                NewMemory memory) {
  const auto& user = scope.user();
  const auto& [model, values] = memory.embedding;
  MemoryItem& item = memory.item;
  const std::int64_t dimension = std::ssize(values);
  const std::int64_t bytes = std::ssize(item.text);
  const std::int64_t interactions = item.kind == MemoryKind::interaction ? 1 : 0;
  tx.add(kNextPosition, user, agent).add(kCount, user, agent, model, dimension, interactions, bytes);
  tx.add(kHasMemory, user, agent, item.id);
  auto answer = co_await tx.run();
  const auto position = value_of<std::optional<std::int64_t>>(std::move(answer.at(0)));
  // Nothing of this is committed then.
  if (value_of<bool>(std::move(answer.at(2)))) co_return std::move(item);
  if (!position) co_return base::make_error(base::ErrorCode::agent_not_found, "no such agent");
  tx.add(kInsertMemory, user, agent, item.id, *position, item.kind, model, dimension, item.created_at, bytes,
         base::encode(item.metadata), item.text);
  tx.add(kInsertVector, user, agent, item.id, vectors::as_stored(values));
  co_await tx.commit();
  item.embedding_model = model;
  co_return std::move(item);
}

base::Task<bool> erase_memory(Transaction& tx, UserScope scope, base::AgentId agent, base::MemoryId memory) {
  hold_memories(tx, scope, agent);
  tx.add(kPositionOf, scope.user(), agent, memory);
  auto answer = co_await tx.run();
  const auto held = read_held(std::move(answer.at(0)), std::move(answer.at(1)));
  const auto position = value_of<std::optional<std::int64_t>>(std::move(answer.at(2)));
  if (!held || !position) co_return false;
  const std::vector<std::int64_t> positions(1, *position);
  remove_memories(tx, scope, agent, *held, positions);
  co_await tx.commit();
  co_return true;
}

struct StoredMemory {
  base::Timestamp created_at;
  std::int64_t position = 0;
};

StoredMemory read_stored_memory(const Rows& rows) {
  StoredMemory memory;
  rows.read(memory.created_at, memory.position);
  return memory;
}

/// Which of the oldest the rule wants to go.
std::vector<std::int64_t> doomed(const std::vector<StoredMemory>& oldest, std::int64_t count, const PruneRule& rule) {
  const std::int64_t excess = rule.max_items ? count - *rule.max_items : 0;
  std::vector<std::int64_t> positions;
  for (const auto& memory : oldest) {
    const bool too_old = rule.older_than && memory.created_at < *rule.older_than;
    if (std::ssize(positions) >= excess && !too_old) break;
    positions.push_back(memory.position);
  }
  return positions;
}

/// A part of the pruning; 0 when there is nothing left to do.
base::Task<std::int64_t> prune_slice(Transaction& tx, UserScope scope, base::AgentId agent, PruneRule rule) {
  tx.advance(core::events::own_stream(scope.user()), 1);
  hold_memories(tx, scope, agent);
  tx.add(kCountMemories, scope.user(), agent).add(kOldest, scope.user(), agent, kForgetAtOnce);
  auto answer = co_await tx.run();
  const auto held = read_held(std::move(answer.at(1)), std::move(answer.at(2)));
  const auto count = value_of<std::int64_t>(std::move(answer.at(3)));
  const auto positions = doomed(all_of(std::move(answer.at(4)), read_stored_memory), count, rule);
  if (!held || positions.empty()) co_return 0;
  remove_memories(tx, scope, agent, *held, positions);
  std::vector<core::events::NewEvent> events;
  events.push_back(core::memory::pruned_event(agent, held->agent_name, std::ssize(positions)));
  tx.append(std::move(answer.at(0)), std::move(events));
  co_await tx.commit();
  co_return std::ssize(positions);
}

CollectionCounts read_counts(const Rows& rows) {
  CollectionCounts counts;
  rows.read(counts.embedding_model, counts.dimension, counts.items, counts.interactions, counts.text_bytes);
  return counts;
}

}  // namespace

base::Task<base::Result<MemoryItem>> PostgresMemoryStore::add(UserScope scope, base::AgentId agent, NewMemory memory) {
  return database_.write("memory.add", scope, add_memory, scope, agent, std::move(memory));
}

base::Task<std::vector<MemoryHit>> PostgresMemoryStore::search(UserScope scope, base::AgentId agent,
                                                               MemoryQuery query) {
  MemorySearch search(database_, indexes_, threads_, scope, agent, std::move(query));
  auto hits = co_await search.run();
  co_return hits;
}

base::Task<core::Page<MemoryItem>> PostgresMemoryStore::list(UserScope scope, base::AgentId agent,
                                                             core::PageRequest page) {
  const auto start = position_or(page.cursor, highest<base::MemoryId>());
  Batch batch;
  batch.add(kMemoriesBefore, scope.user(), agent, start, rows_to_ask_for(page.limit))
      .add(kCountMemories, scope.user(), agent);
  auto answer = co_await database_.read("memory.list", scope, std::move(batch));
  auto items = all_of(std::move(answer.at(0)), read_memory);
  co_return make_page(std::move(items), page.limit, value_of<std::int64_t>(std::move(answer.at(1))));
}

base::Task<bool> PostgresMemoryStore::erase(UserScope scope, base::AgentId agent, base::MemoryId memory) {
  return database_.write("memory.erase", scope, erase_memory, scope, agent, memory);
}

base::Task<std::int64_t> PostgresMemoryStore::prune(UserScope scope, base::AgentId agent, PruneRule rule,
                                                    base::Timestamp) {
  Batch batch;
  batch.add(kCountMemories, scope.user(), agent).add(kOldest, scope.user(), agent, std::int64_t{1});
  auto answer = co_await database_.read("memory.prune_check", scope, std::move(batch));
  const auto count = value_of<std::int64_t>(std::move(answer.at(0)));
  bool more = !doomed(all_of(std::move(answer.at(1)), read_stored_memory), count, rule).empty();
  std::int64_t pruned = 0;
  while (more) {
    const auto removed = co_await database_.write("memory.prune", scope, prune_slice, scope, agent, rule);
    pruned += removed;
    more = removed == kForgetAtOnce;
  }
  co_return pruned;
}

base::Task<MemoryStats> PostgresMemoryStore::stats(UserScope scope, base::AgentId agent) {
  Batch batch;
  batch.add(kCollections, scope.user(), agent)
      .add(kOldest, scope.user(), agent, std::int64_t{1})
      .add(kNewest, scope.user(), agent);
  auto answer = co_await database_.read("memory.stats", scope, std::move(batch));
  auto stats = core::memory::stats_of(all_of(std::move(answer.at(0)), read_counts));
  stats.oldest = value_of<std::optional<base::Timestamp>>(std::move(answer.at(1)));
  stats.newest = value_of<std::optional<base::Timestamp>>(std::move(answer.at(2)));
  co_return stats;
}

}  // namespace codelab::infra::postgres
