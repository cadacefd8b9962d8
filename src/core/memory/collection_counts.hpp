#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/memory/memory.hpp"

namespace codelab::core::memory {

/// What a store counts of the memories of one embedding model and dimension.
struct CollectionCounts {
  std::string embedding_model;
  std::int64_t dimension = 0;
  std::int64_t items = 0;
  std::int64_t interactions = 0;
  std::int64_t text_bytes = 0;
};

/// Everything but the times.
MemoryStats stats_of(const std::vector<CollectionCounts>& collections);

}  // namespace codelab::core::memory
