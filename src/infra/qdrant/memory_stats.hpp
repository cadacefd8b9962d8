#pragma once

#include <cstdint>

#include "base/task.hpp"
#include "core/memory/memory.hpp"
#include "infra/qdrant/points.hpp"

namespace codelab::infra::qdrant {

/// What is in one place, all of it vectors of that dimension.
base::Task<core::memory::MemoryStats> stats_of(Points& points, Place place, std::int64_t dimension);

/// Adds what another place has.
void add_stats(core::memory::MemoryStats& sum, const core::memory::MemoryStats& other);

}  // namespace codelab::infra::qdrant
