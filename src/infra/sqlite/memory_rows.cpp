#include "infra/sqlite/memory_rows.hpp"

#include <algorithm>

#include "core/memory/metadata_filter.hpp"
#include "infra/sqlite/rows.hpp"

namespace codelab::infra::sqlite {
namespace {

using core::identity::UserScope;
using core::memory::MemoryItem;

constexpr Sql kMemoryByRow =
    "SELECT id, kind, text, metadata, embedding_model, created_at FROM memories "
    "WHERE row_id = ? AND user_id = ? AND agent_id = ?";
constexpr Sql kMetadata =
    "SELECT row_id, metadata FROM memories WHERE user_id = ? AND agent_id = ? AND instr(metadata, ?) > 0";

}  // namespace

MemoryItem read_memory(const Rows& rows) {
  MemoryItem item;
  rows.read(item.id, item.kind, item.text, item.metadata, item.embedding_model, item.created_at);
  return item;
}

std::optional<MemoryItem> memory_by_row(Connection& sql, const UserScope& scope, const base::AgentId& agent,
                                        std::int64_t row_id) {
  return first_of(sql.query(kMemoryByRow, row_id, scope.user(), agent), read_memory);
}

std::vector<std::int64_t> rows_that_hold(Connection& sql, const UserScope& scope, const base::AgentId& agent,
                                         const boost::json::object& filter) {
  std::vector<std::int64_t> found;
  const auto needle = core::memory::needle_of(filter);
  auto rows = sql.query(kMetadata, scope.user(), agent, needle);
  while (rows.next()) {
    std::int64_t row_id = 0;
    boost::json::object metadata;
    rows.read(row_id, metadata);
    if (core::memory::holds(metadata, filter)) found.push_back(row_id);
  }
  std::ranges::sort(found);
  return found;
}

}  // namespace codelab::infra::sqlite
