#pragma once

#include <vector>

#include "base/task.hpp"
#include "core/memory/memory.hpp"
#include "core/page.hpp"
#include "infra/qdrant/points.hpp"

namespace codelab::infra::qdrant {

/// The memories in all of these places together, newest first.
base::Task<core::Page<core::memory::MemoryItem>> list_memories(Points& points, std::vector<Place> places,
                                                               core::PageRequest page);

}  // namespace codelab::infra::qdrant
