#include <algorithm>
#include <array>

#include <gtest/gtest.h>

#include "clustered_vectors.hpp"
#include "infra/vectors/quantized_collection.hpp"
#include "infra/vectors/rescore.hpp"

namespace codelab::infra::vectors {
namespace {

using testing::ClusteredVectors;

constexpr std::size_t kTop = 10;

/// The share of the exact best ten that search and rescoring find.
double recall(ClusteredVectors& data, std::size_t dimension, int queries) {
  QuantizedCollection collection(dimension);
  for (std::size_t i = 0; i < data.size(); ++i) collection.add(static_cast<std::int64_t>(i), data.row(i));
  const FetchVector fetch = [&](std::int64_t id) { return data.row(static_cast<std::size_t>(id)); };
  std::size_t found = 0;
  for (int i = 0; i < queries; ++i) {
    const auto query = data.query();
    const auto exact = data.nearest(query, kTop);
    for (const auto& match : rescore(query, collection.search(query, rescore_count(kTop)), kTop, fetch)) {
      found += std::ranges::find(exact, match.row_id) != exact.end() ? 1 : 0;
    }
  }
  return static_cast<double>(found) / static_cast<double>(kTop) / queries;
}

TEST(Recall, OfInt8RowsIsThatOfExactSearch) {
  ClusteredVectors data(20'000, 256, 200, 11);
  EXPECT_GE(recall(data, 256, 50), 0.999);
}

TEST(Recall, OfInt8RowsHoldsForAnyDimension) {
  for (const std::size_t dimension : {17, 100, 333, 1536}) {
    ClusteredVectors data(2000, dimension, 40, 12);
    EXPECT_GE(recall(data, dimension, 20), 0.999) << dimension;
  }
}

TEST(Recall, OfSignBitsStaysHighPastTheInt8Limit) {
  static_assert(120'000 > kInt8ScanLimit);
  ClusteredVectors data(120'000, 96, 600, 13);
  EXPECT_GE(recall(data, 96, 20), 0.95);
}

TEST(Rescore, OrdersByExactCosineWhateverTheLength) {
  const std::vector<Candidate> candidates{{1, 0.1F}, {2, 0.9F}, {3, 0.5F}, {4, 0.5F}};
  const float vectors[][2] = {{5, 0}, {0, 1}, {3, 4}, {0.3F, 0.4F}};
  const FetchVector fetch = [&](std::int64_t id) { return std::span<const float>(vectors[id - 1]); };
  const auto matches = rescore(std::vector<float>{2, 0}, candidates, 3, fetch);
  ASSERT_EQ(matches.size(), 3U);
  EXPECT_EQ(matches[0], (Match{1, 1.0F}));
  EXPECT_EQ(matches[1].row_id, 3);
  EXPECT_NEAR(matches[1].score, 0.6, 1e-6);
  EXPECT_EQ(matches[2].row_id, 4);
}

TEST(Rescore, LeavesOutRowsThatAreGone) {
  const std::vector<Candidate> candidates{{1, 0.9F}, {2, 0.8F}};
  const std::array one{1.0F};
  const FetchVector fetch = [&](std::int64_t id) {
    return id == 1 ? std::span<const float>() : std::span<const float>(one);
  };
  EXPECT_EQ(rescore(std::vector<float>{1}, candidates, 10, fetch), (std::vector<Match>{{2, 1.0F}}));
}

TEST(Rescore, GivesZeroWhereTheCosineIsNotDefined) {
  const std::vector<Candidate> candidates{{1, 0.9F}};
  const std::array zero{0.0F};
  const FetchVector fetch = [&](std::int64_t) { return std::span<const float>(zero); };
  EXPECT_EQ(rescore(std::vector<float>{1}, candidates, 10, fetch), (std::vector<Match>{{1, 0.0F}}));
}

TEST(Rescore, AsksForThirtyCandidatesAndThreeTimesTheTopPastTen) {
  EXPECT_EQ(rescore_count(1), 30U);
  EXPECT_EQ(rescore_count(10), 30U);
  EXPECT_EQ(rescore_count(100), 300U);
}

}  // namespace
}  // namespace codelab::infra::vectors
