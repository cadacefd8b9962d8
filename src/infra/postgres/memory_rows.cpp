#include "infra/postgres/memory_rows.hpp"

#include <algorithm>

#include "core/memory/metadata_filter.hpp"

namespace codelab::infra::postgres {

core::memory::MemoryItem read_memory(const Rows& rows) {
  core::memory::MemoryItem item;
  rows.read(item.id, item.kind, item.text, item.metadata, item.embedding_model, item.created_at);
  return item;
}

std::vector<std::int64_t> positions_that_hold(Rows rows, const boost::json::object& filter) {
  std::vector<std::int64_t> found;
  while (rows.next()) {
    std::int64_t position = 0;
    boost::json::object metadata;
    rows.read(position, metadata);
    if (core::memory::holds(metadata, filter)) found.push_back(position);
  }
  std::ranges::sort(found);
  return found;
}

}  // namespace codelab::infra::postgres
