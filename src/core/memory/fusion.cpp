#include "core/memory/fusion.hpp"

#include <algorithm>
#include <utility>

namespace codelab::core::memory {

std::vector<Candidate> join(const std::vector<RowScore>& nearest, const std::vector<RowScore>& by_words,
                            const std::vector<RowScore>& cosines) {
  std::vector<Candidate> joined;
  joined.reserve(nearest.size() + by_words.size());
  for (const auto& each : nearest) joined.push_back({.row_id = each.row_id, .parts = {.semantic = each.score}});
  for (const auto& each : by_words) {
    const auto known = std::ranges::find(joined, each.row_id, &Candidate::row_id);
    if (known != joined.end()) {
      known->parts.lexical = each.score;
    } else {
      joined.push_back({.row_id = each.row_id, .parts = {.lexical = each.score}, .comparable = false});
    }
  }
  for (const auto& each : cosines) {
    const auto known = std::ranges::find(joined, each.row_id, &Candidate::row_id);
    if (known == joined.end()) continue;
    known->parts.semantic = each.score;
    known->comparable = true;
  }
  return joined;
}

std::vector<Candidate> fuse(std::vector<Candidate> candidates, std::int64_t top_k, double min_score) {
  for (Candidate& each : candidates) {
    each.parts.semantic = std::clamp(each.parts.semantic, 0.0, 1.0);
    each.parts.lexical = std::clamp(each.parts.lexical, 0.0, 1.0);
    const double semantic_weight = each.comparable ? kSemanticWeight : 0;
    each.score = semantic_weight * each.parts.semantic + (1 - semantic_weight) * each.parts.lexical;
  }
  std::erase_if(candidates, [&](const Candidate& each) { return each.score < min_score; });
  std::ranges::sort(candidates, [](const Candidate& a, const Candidate& b) {
    return a.score != b.score ? a.score > b.score : a.row_id > b.row_id;
  });
  if (std::cmp_greater(candidates.size(), top_k)) candidates.resize(static_cast<std::size_t>(top_k));
  return candidates;
}

}  // namespace codelab::core::memory
