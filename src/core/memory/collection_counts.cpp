#include "core/memory/collection_counts.hpp"

#include <algorithm>

namespace codelab::core::memory {

MemoryStats stats_of(const std::vector<CollectionCounts>& collections) {
  MemoryStats stats;
  for (const auto& each : collections) {
    stats.count += each.items;
    stats.interactions += each.interactions;
    stats.text_bytes += each.text_bytes;
    stats.vector_bytes += each.items * each.dimension * static_cast<std::int64_t>(sizeof(float));
    if (std::ranges::find(stats.embedding_models, each.embedding_model) == stats.embedding_models.end()) {
      stats.embedding_models.push_back(each.embedding_model);
    }
  }
  stats.notes = stats.count - stats.interactions;
  return stats;
}

}  // namespace codelab::core::memory
