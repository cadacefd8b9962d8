#include "core/memory/fusion.hpp"

#include <algorithm>

namespace codelab::core::memory {

std::vector<MemoryHit> fuse(std::vector<Candidate> candidates, std::int64_t top_k, double min_score) {
  std::vector<MemoryHit> hits;
  hits.reserve(candidates.size());
  for (Candidate& candidate : candidates) {
    const double semantic = std::clamp(candidate.parts.semantic, 0.0, 1.0);
    const double lexical = std::clamp(candidate.parts.lexical, 0.0, 1.0);
    const double score = kSemanticWeight * semantic + (1 - kSemanticWeight) * lexical;
    if (score < min_score) continue;
    hits.push_back({.memory = std::move(candidate.memory), .score = score, .parts = {semantic, lexical}});
  }
  std::ranges::sort(hits, [](const MemoryHit& a, const MemoryHit& b) {
    return a.score != b.score ? a.score > b.score : a.memory.id > b.memory.id;
  });
  if (std::cmp_greater(hits.size(), top_k)) hits.resize(static_cast<std::size_t>(top_k));
  return hits;
}

}  // namespace codelab::core::memory
