#pragma once

#include <cstdint>
#include <vector>

#include "base/task.hpp"
#include "core/memory/memory.hpp"
#include "infra/qdrant/points.hpp"

namespace codelab::infra::qdrant {

/// Forgets the oldest of an agent's memories, which lie in these places, up to 256 of them; how many that were. 0 when
/// the rule wants no more. Of several that prune at the same time none takes what is inside the bounds.
base::Task<std::int64_t> prune_slice(Points& points, std::vector<Place> places, core::memory::PruneRule rule);

}  // namespace codelab::infra::qdrant
