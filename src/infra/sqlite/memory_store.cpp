#include "infra/sqlite/memory_store.hpp"

#include <algorithm>
#include <utility>

#include "base/describe/encode.hpp"
#include "core/memory/collection_counts.hpp"
#include "core/memory/pruned_event.hpp"
#include "infra/sqlite/fts_functions.hpp"
#include "infra/sqlite/keyset.hpp"
#include "infra/sqlite/memory_removal.hpp"
#include "infra/sqlite/memory_rows.hpp"
#include "infra/sqlite/memory_search.hpp"
#include "infra/sqlite/rows.hpp"
#include "infra/sqlite/text_index.hpp"

namespace codelab::infra::sqlite {
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

constexpr Sql kCount =
    "UPDATE memory_collections SET items = items + 1, interactions = interactions + ?, text_bytes = text_bytes + ? "
    "WHERE user_id = ? AND agent_id = ? AND embedding_model = ? AND dimension = ?";
constexpr Sql kInsertCollection =
    "INSERT INTO memory_collections (interactions, text_bytes, user_id, agent_id, embedding_model, dimension, items) "
    "VALUES (?, ?, ?, ?, ?, ?, 1)";
constexpr Sql kHasAgent = "SELECT 1 FROM user_agents WHERE user_id = ? AND id = ?";
constexpr Sql kInsertMemory =
    "INSERT INTO memories (user_id, agent_id, id, kind, embedding_model, dimension, created_at, text_bytes, metadata, "
    "text) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
constexpr Sql kHasMemory = "SELECT 1 FROM memories WHERE user_id = ? AND agent_id = ? AND id = ?";
constexpr Sql kInsertVector = "INSERT INTO memory_vectors (row_id, vector) VALUES (?, ?)";
constexpr Sql kCollectWords = "SELECT collect_words(?, ?)";
constexpr Sql kMemoriesBefore =
    "SELECT id, kind, text, metadata, embedding_model, created_at FROM memories "
    "WHERE user_id = ? AND agent_id = ? AND id < ? ORDER BY id DESC LIMIT ?";
constexpr Sql kCountMemories =
    "SELECT coalesce(sum(items), 0) FROM memory_collections WHERE user_id = ? AND agent_id = ?";
constexpr Sql kAgentName = "SELECT name FROM user_agents WHERE user_id = ? AND id = ?";
constexpr Sql kOldest = "SELECT created_at FROM memories WHERE user_id = ? AND agent_id = ? ORDER BY id LIMIT 1";
constexpr Sql kNewest = "SELECT created_at FROM memories WHERE user_id = ? AND agent_id = ? ORDER BY id DESC LIMIT 1";
constexpr Sql kCollections =
    "SELECT embedding_model, dimension, items, interactions, text_bytes FROM memory_collections "
    "WHERE user_id = ? AND agent_id = ? AND items > 0";

/// False when this user has no such agent.
bool count_memory(Connection& sql, const VectorSpace& space, const MemoryItem& item) {
  const std::int64_t interactions = item.kind == MemoryKind::interaction ? 1 : 0;
  const auto bytes = static_cast<std::int64_t>(item.text.size());
  if (sql.execute(kCount, interactions, bytes, space.user, space.agent, space.model, space.dimension) == 1) return true;
  if (!any_of(sql.query(kHasAgent, space.user, space.agent))) return false;
  sql.execute(kInsertCollection, interactions, bytes, space.user, space.agent, space.model, space.dimension);
  return true;
}

words::CountedText counted(Connection& sql, const std::string& text) {
  words::TextWords collector;
  Pointer<words::TextWords> pointer{&collector, kTextWordsPointer};
  any_of(sql.query(kCollectWords, text, pointer));
  return std::move(collector).counted(text.size());
}

base::Result<MemoryItem> add_memory(Transaction& tx, MemoryIndexes& indexes, const VectorSpace& space,
                                    const NewMemory& memory) {
  Connection& sql = tx.sql();
  const auto& item = memory.item;
  if (any_of(sql.query(kHasMemory, space.user, space.agent, item.id))) return item;
  if (!count_memory(sql, space, item)) return base::make_error(base::ErrorCode::agent_not_found, "no such agent");
  const auto bytes = static_cast<std::int64_t>(item.text.size());
  sql.execute(kInsertMemory, space.user, space.agent, item.id, item.kind, space.model, space.dimension, item.created_at,
              bytes, base::encode(item.metadata), item.text);
  const auto row_id = sql.last_row_id();
  sql.execute(kInsertVector, row_id, vectors::as_stored(memory.embedding.values));
  add_to_text_index(tx, {space.user, space.agent, row_id, item.text}, indexes.texts_without_index());
  tx.after_commit(
      [&indexes, space, row_id, vector = memory.embedding.values, text = counted(sql, item.text)]() mutable noexcept {
        indexes.added(space, row_id, std::move(vector), std::move(text));
      });
  auto stored = item;
  stored.embedding_model = space.model;
  return stored;
}

/// How many the rule wants to go because there are too many; none without such a bound.
std::int64_t excess_of(Connection& sql, const UserScope& scope, const base::AgentId& agent, const PruneRule& rule) {
  if (!rule.max_items) return 0;
  return std::max<std::int64_t>(
      0, value_of<std::int64_t>(sql.query(kCountMemories, scope.user(), agent)) - *rule.max_items);
}

bool anything_to_prune(Connection& sql, const UserScope& scope, const base::AgentId& agent, const PruneRule& rule) {
  if (excess_of(sql, scope, agent, rule) > 0) return true;
  if (!rule.older_than) return false;
  const auto oldest = value_of<std::optional<base::Timestamp>>(sql.query(kOldest, scope.user(), agent));
  return oldest && *oldest < *rule.older_than;
}

/// A part of the pruning; 0 when there is nothing left to do.
std::int64_t prune_slice(Transaction& tx, MemoryIndexes& indexes, const UserScope& scope, const base::AgentId& agent,
                         const PruneRule& rule) {
  const auto excess = std::min(excess_of(tx.sql(), scope, agent, rule), kForgetAtOnce);
  auto count = forget(tx, indexes, {.user = scope.user(), .agent = agent, .limit = excess});
  if (rule.older_than && count < kForgetAtOnce) {
    count +=
        forget(tx, indexes,
               {.user = scope.user(), .agent = agent, .older_than = rule.older_than, .limit = kForgetAtOnce - count});
  }
  if (count == 0) return 0;
  auto agent_name = value_of<std::string>(tx.sql().query(kAgentName, scope.user(), agent));
  tx.append_own(scope.user(), core::memory::pruned_event(agent, std::move(agent_name), count));
  return count;
}

CollectionCounts read_counts(const Rows& rows) {
  CollectionCounts counts;
  rows.read(counts.embedding_model, counts.dimension, counts.items, counts.interactions, counts.text_bytes);
  return counts;
}

MemoryStats stats_of(Connection& sql, const UserScope& scope, const base::AgentId& agent) {
  const ReadTransaction reading(sql);
  auto stats = core::memory::stats_of(all_of(sql.query(kCollections, scope.user(), agent), read_counts));
  stats.oldest = value_of<std::optional<base::Timestamp>>(sql.query(kOldest, scope.user(), agent));
  stats.newest = value_of<std::optional<base::Timestamp>>(sql.query(kNewest, scope.user(), agent));
  return stats;
}

}  // namespace

base::Task<base::Result<MemoryItem>> SqliteMemoryStore::add(UserScope scope, base::AgentId agent, NewMemory memory) {
  VectorSpace space{scope.user(), agent, memory.embedding.model,
                    static_cast<std::int64_t>(memory.embedding.values.size())};
  return database_.writer().run("memory.add", [this, space = std::move(space), memory = std::move(memory)](
                                                  Transaction& tx) { return add_memory(tx, indexes_, space, memory); });
}

base::Task<std::vector<MemoryHit>> SqliteMemoryStore::search(UserScope scope, base::AgentId agent, MemoryQuery query) {
  return database_.readers().run("memory.search", [this, scope, agent, query = std::move(query)](Connection& sql) {
    return search_memories(sql, indexes_, scope, agent, query);
  });
}

base::Task<core::Page<MemoryItem>> SqliteMemoryStore::list(UserScope scope, base::AgentId agent,
                                                           core::PageRequest page) {
  return database_.readers().run("memory.list", [=](Connection& sql) {
    const ReadTransaction reading(sql);
    const auto start = position_or(page.cursor, highest<base::MemoryId>());
    auto items =
        all_of(sql.query(kMemoriesBefore, scope.user(), agent, start, rows_to_ask_for(page.limit)), read_memory);
    const auto total = value_of<std::int64_t>(sql.query(kCountMemories, scope.user(), agent));
    return make_page(std::move(items), page.limit, total);
  });
}

base::Task<bool> SqliteMemoryStore::erase(UserScope scope, base::AgentId agent, base::MemoryId memory) {
  return database_.writer().run("memory.erase", [this, scope, agent, memory](Transaction& tx) {
    return forget_one(tx, indexes_, scope.user(), agent, memory);
  });
}

base::Task<std::int64_t> SqliteMemoryStore::prune(UserScope scope, base::AgentId agent, PruneRule rule,
                                                  base::Timestamp) {
  auto check = [=](Connection& sql) { return anything_to_prune(sql, scope, agent, rule); };
  bool more = co_await database_.readers().run("memory.prune_check", std::move(check));
  std::int64_t pruned = 0;
  while (more) {
    auto slice = [=, this](Transaction& tx) { return prune_slice(tx, indexes_, scope, agent, rule); };
    const auto count = co_await database_.writer().run("memory.prune", std::move(slice));
    pruned += count;
    more = count == kForgetAtOnce;
  }
  co_return pruned;
}

base::Task<MemoryStats> SqliteMemoryStore::stats(UserScope scope, base::AgentId agent) {
  return database_.readers().run("memory.stats", [=](Connection& sql) { return stats_of(sql, scope, agent); });
}

}  // namespace codelab::infra::sqlite
