#include "infra/sqlite/text_index.hpp"

#include <optional>
#include <string>
#include <utility>

#include "infra/sqlite/fts_functions.hpp"
#include "infra/sqlite/rows.hpp"

namespace codelab::infra::sqlite {
namespace {

constexpr Sql kIsIndexed = "SELECT 1 FROM text_indexed_agents WHERE user_id = ? AND agent_id = ?";
constexpr Sql kCountMemories =
    "SELECT coalesce(sum(items), 0) FROM memory_collections WHERE user_id = ? AND agent_id = ?";
constexpr Sql kBecomesIndexed = "INSERT INTO text_indexed_agents (user_id, agent_id) VALUES (?, ?)";
constexpr Sql kAddAll =
    "INSERT INTO memories_fts (rowid, text) SELECT m.row_id, t.text FROM memories m "
    "JOIN memory_texts t ON t.row_id = m.row_id WHERE m.user_id = ? AND m.agent_id = ? ORDER BY m.row_id";
constexpr Sql kIndexedText = "SELECT text FROM memory_texts WHERE row_id = ?";
constexpr Sql kAdd = "INSERT INTO memories_fts (rowid, text) VALUES (?, ?)";
constexpr Sql kRemove = "INSERT INTO memories_fts (memories_fts, rowid, text) VALUES ('delete', ?, ?)";

/// The index works on the whole transaction at once: changes that come together cost far less there.
void change_before_commit(Transaction& tx, Sql change, std::int64_t row_id, std::string indexed) {
  tx.before_commit(
      [change, row_id, indexed = std::move(indexed)](Connection& later) { later.execute(change, row_id, indexed); });
}

}  // namespace

void add_to_text_index(Transaction& tx, const NewText& text, std::int64_t without_index) {
  Connection& sql = tx.sql();
  if (any_of(sql.query(kIsIndexed, text.user, text.agent))) {
    return change_before_commit(tx, kAdd, text.row_id, agent_prefix(text.agent).append(text.text));
  }
  if (value_of<std::int64_t>(sql.query(kCountMemories, text.user, text.agent)) <= without_index) return;
  sql.execute(kBecomesIndexed, text.user, text.agent);
  sql.execute(kAddAll, text.user, text.agent);
}

void remove_from_text_index(Transaction& tx, std::int64_t row_id) {
  auto indexed = value_of<std::optional<std::string>>(tx.sql().query(kIndexedText, row_id));
  if (indexed) change_before_commit(tx, kRemove, row_id, std::move(*indexed));
}

}  // namespace codelab::infra::sqlite
