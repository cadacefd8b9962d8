#pragma once

#include <vector>

#include "base/task.hpp"
#include "core/memory/ports.hpp"
#include "infra/qdrant/points.hpp"
#include "infra/words/text_words.hpp"

namespace codelab::infra::qdrant {

/// Where to search: the memories of one agent in one embedding space.
struct SearchPlace {
  Place place;
  /// Whether it is the query's own space: elsewhere words alone decide.
  bool comparable = false;
};

/// The nearest memories by vector and the best by words, `query.candidates` of each, with both parts of each, fused by
/// the rule in core/memory/fusion.hpp. `wanted` are the words of the query's text. Two trips to Qdrant: how many
/// memories there are and in how many each word of the query stands; then the memories. One trip when the query has no
/// words.
base::Task<std::vector<core::memory::MemoryHit>> search_memories(Points& points, std::vector<SearchPlace> places,
                                                                 words::QueryWords wanted,
                                                                 core::memory::MemoryQuery query);

}  // namespace codelab::infra::qdrant
