#include "infra/vectors/rescore.hpp"

#include <cassert>
#include <cmath>

namespace codelab::infra::vectors {
namespace {

bool better(const Match& left, const Match& right) {
  return left.score != right.score ? left.score > right.score : left.row_id < right.row_id;
}

}  // namespace

std::vector<Match> rescore(std::span<const float> query, std::span<const Candidate> candidates, std::size_t top_k,
                           const FetchVector& fetch, const Kernels& kernels) {
  const auto dot = [&](std::span<const float> left, std::span<const float> right) {
    return kernels.dot_float(left.data(), right.data(), left.size());
  };
  const float query_norm = std::sqrt(dot(query, query));
  std::vector<Match> matches;
  matches.reserve(candidates.size());
  for (const auto& candidate : candidates) {
    const auto vector = fetch(candidate.row_id);
    if (vector.empty()) continue;
    assert(vector.size() == query.size());
    const float cosine = dot(query, vector) / (query_norm * std::sqrt(dot(vector, vector)));
    matches.push_back({candidate.row_id, std::isfinite(cosine) ? cosine : 0.0F});
  }
  const std::size_t kept = std::min(top_k, matches.size());
  std::ranges::partial_sort(matches, matches.begin() + static_cast<std::ptrdiff_t>(kept), better);
  matches.resize(kept);
  return matches;
}

}  // namespace codelab::infra::vectors
