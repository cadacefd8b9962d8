#pragma once

#include <cstdint>
#include <vector>

#include "core/memory/memory.hpp"

namespace codelab::core::memory {

/// The weight of the semantic part; the lexical part has the rest.
inline constexpr double kSemanticWeight = 0.75;

/// A memory that one of the two searches found.
struct Candidate {
  /// Names it where it is stored; a newer memory has a larger one.
  std::int64_t row_id = 0;
  ScoreParts parts;
  /// False for a memory of another vector space than the query's: nothing is known of its meaning.
  bool comparable = true;
  double score = 0;
};

/// How well a memory did in one of the two searches.
struct RowScore {
  std::int64_t row_id = 0;
  double score = 0;
};

/// What a search found, row by row.
template <class Found>
std::vector<RowScore> scores_of(const std::vector<Found>& found) {
  std::vector<RowScore> scores;
  scores.reserve(found.size());
  for (const auto& each : found) scores.push_back({each.row_id, static_cast<double>(each.score)});
  return scores;
}

/// What either search found. `cosines` are known of those that only the words found, and perhaps of others; where none
/// is known a memory is of another vector space.
std::vector<Candidate> join(const std::vector<RowScore>& nearest, const std::vector<RowScore>& by_words,
                            const std::vector<RowScore>& cosines);

/// Both parts are already on one scale (0 to 1, see ScoreParts), so the score is their convex combination: with scores
/// at hand it ranks better than reciprocal ranks do (Bruch, Gai, Ingber: An Analysis of Fusion Functions for Hybrid
/// Retrieval, 2022), and it gives `min_score` a meaning. A memory that cannot be
/// compared is judged by its words alone. Best first; ties go to the newer memory; at most `top_k`.
std::vector<Candidate> fuse(std::vector<Candidate> candidates, std::int64_t top_k, double min_score);

}  // namespace codelab::core::memory
