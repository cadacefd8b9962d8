#include "infra/vectors/quantized_collection.hpp"

#include <set>
#include <stdexcept>

#include <gtest/gtest.h>

#include "clustered_vectors.hpp"

namespace codelab::infra::vectors {
namespace {

using testing::ClusteredVectors;
using testing::Random;

using Ids = std::vector<std::int64_t>;

Ids ids_of(const std::vector<Candidate>& candidates) {
  Ids ids;
  for (const auto& candidate : candidates) ids.push_back(candidate.row_id);
  return ids;
}

QuantizedCollection filled(const ClusteredVectors& data, std::size_t dimension, CollectionOptions options = {}) {
  QuantizedCollection collection(dimension, options);
  for (std::size_t i = 0; i < data.size(); ++i) collection.add(static_cast<std::int64_t>(i), data.row(i));
  return collection;
}

TEST(QuantizedCollection, FindsNothingWhenEmpty) {
  const QuantizedCollection collection(3);
  EXPECT_TRUE(collection.search(std::vector<float>{1, 0, 0}, 10).empty());
  EXPECT_EQ(collection.size(), 0U);
}

TEST(QuantizedCollection, AnswersBestFirstWithScoresNearTheCosine) {
  QuantizedCollection collection(2);
  collection.add(7, std::vector<float>{0, 1});
  collection.add(8, std::vector<float>{1, 0});
  collection.add(9, std::vector<float>{0.8F, -0.6F});
  const auto found = collection.search(std::vector<float>{0.6F, 0.8F}, 10);
  EXPECT_EQ(ids_of(found), (Ids{7, 8, 9}));
  EXPECT_NEAR(found[0].approx_score, 0.8, 0.01);
  EXPECT_NEAR(found[1].approx_score, 0.6, 0.01);
  EXPECT_NEAR(found[2].approx_score, 0.0, 0.01);
}

TEST(QuantizedCollection, AnswersNoMoreThanAsked) {
  QuantizedCollection collection(1);
  for (std::int64_t id = 0; id < 1000; ++id) collection.add(id, std::vector<float>{1});
  EXPECT_EQ(ids_of(collection.search(std::vector<float>{1}, 3)), (Ids{0, 1, 2}));
  EXPECT_TRUE(collection.search(std::vector<float>{1}, 0).empty());
}

TEST(QuantizedCollection, RefusesOtherDimensions) {
  EXPECT_THROW(QuantizedCollection(0), std::invalid_argument);
  EXPECT_THROW(QuantizedCollection(kMaxDimension + 1), std::invalid_argument);
  QuantizedCollection collection(2);
  EXPECT_THROW(collection.add(1, std::vector<float>{1}), std::invalid_argument);
  EXPECT_THROW(collection.search(std::vector<float>{1, 0, 0}, 1), std::invalid_argument);
  EXPECT_EQ(collection.size(), 0U);
}

TEST(QuantizedCollection, ReplacesTheVectorOfARowItHas) {
  QuantizedCollection collection(2);
  collection.add(1, std::vector<float>{1, 0});
  collection.add(2, std::vector<float>{0, 1});
  collection.add(1, std::vector<float>{0, -1});
  EXPECT_EQ(collection.size(), 2U);
  EXPECT_EQ(ids_of(collection.search(std::vector<float>{0, 1}, 10)), (Ids{2, 1}));
}

/// Small enough for each block boundary to be crossed, by scans of int8 rows and of sign bits.
class FilteredSearch : public ::testing::TestWithParam<std::size_t> {
 protected:
  static constexpr std::size_t kDimension = 40;
  static constexpr std::size_t kRows = 3000;

  ClusteredVectors data{kRows, kDimension, 30, 4};
  QuantizedCollection collection = filled(data, kDimension, {.int8_scan_limit = GetParam()});
};

TEST_P(FilteredSearch, LooksOnlyAtTheAllowedRows) {
  Ids allowed;
  for (std::int64_t id = 1; id < std::int64_t{kRows}; id += 3) allowed.push_back(id);
  const auto found = ids_of(collection.search(data.query(), 50, allowed));
  EXPECT_EQ(found.size(), 50U);
  for (const auto id : found) EXPECT_EQ(id % 3, 1);
}

TEST_P(FilteredSearch, AgreesWithTheWholeSearchWhenEverythingIsAllowed) {
  Ids allowed;
  for (std::int64_t id = 0; id < std::int64_t{kRows}; ++id) allowed.push_back(id);
  const auto query = data.query();
  EXPECT_EQ(collection.search(query, 50, allowed), collection.search(query, 50));
}

TEST_P(FilteredSearch, IgnoresUnknownAndRepeatedIds) {
  const Ids allowed{5, 99'999, 5, -1, 6, 5};
  const auto found = ids_of(collection.search(data.query(), 50, allowed));
  EXPECT_EQ(std::set(found.begin(), found.end()), (std::set<std::int64_t>{5, 6}));
  EXPECT_EQ(found.size(), 2U);
}

TEST_P(FilteredSearch, FindsNothingWhenNothingIsAllowed) {
  EXPECT_TRUE(collection.search(data.query(), 50, Ids{}).empty());
}

INSTANTIATE_TEST_SUITE_P(Vectors, FilteredSearch, ::testing::Values(kInt8ScanLimit, 100),
                         [](const auto& info) { return info.param == 100 ? "SignBits" : "Int8"; });

TEST(QuantizedCollection, GivesTheSameAnswerWithEveryKernel) {
  for (const std::size_t dimension : {1, 5, 65, 300}) {
    for (const std::size_t limit : {std::size_t{100}, kInt8ScanLimit}) {
      ClusteredVectors data(2500, dimension, 10, 5);
      const auto portable = filled(data, dimension, {&portable_kernels(), limit});
      const auto fastest = filled(data, dimension, {&fastest_kernels(), limit});
      const auto query = data.query();
      EXPECT_EQ(portable.search(query, 40), fastest.search(query, 40)) << dimension;
    }
  }
}

TEST(QuantizedCollection, ForgetsRemovedRowsAndKeepsTheOthers) {
  constexpr std::size_t kDimension = 33;
  ClusteredVectors data(2500, kDimension, 20, 6);
  auto collection = filled(data, kDimension);
  QuantizedCollection expected(kDimension);
  Random random(7);
  for (std::int64_t id = 0; id < 2500; ++id) {
    if (random.below(2) == 0) {
      EXPECT_TRUE(collection.remove(id));
      EXPECT_FALSE(collection.remove(id));
      EXPECT_FALSE(collection.contains(id));
    } else {
      expected.add(id, data.row(static_cast<std::size_t>(id)));
    }
  }
  const auto query = data.query();
  EXPECT_EQ(collection.size(), expected.size());
  EXPECT_EQ(collection.search(query, expected.size()), expected.search(query, expected.size()));
}

TEST(QuantizedCollection, KeepsTheVectorsOfAFewRows) {
  constexpr std::size_t kDimension = 8;
  ClusteredVectors data(4, kDimension, 2, 8);
  QuantizedCollection collection(kDimension, {.kept_vectors = 3});
  for (std::int64_t id = 0; id < 3; ++id) collection.add(id, data.row(static_cast<std::size_t>(id)));
  collection.remove(0);
  EXPECT_TRUE(std::ranges::equal(collection.vector_of(2), data.row(2)));
  EXPECT_TRUE(collection.vector_of(0).empty());
  collection.add(0, data.row(0));
  EXPECT_TRUE(collection.keeps_vectors());
  collection.add(3, data.row(3));
  EXPECT_FALSE(collection.keeps_vectors());
  EXPECT_TRUE(collection.vector_of(2).empty());
  EXPECT_EQ(collection.size(), 4);
}

TEST(QuantizedCollection, CountsItsBytesAndGivesThemBack) {
  constexpr std::size_t kDimension = 256;
  constexpr std::size_t kRows = 5000;
  constexpr std::size_t kBytesPerRow = kDimension + kDimension / 8 + sizeof(float);
  ClusteredVectors data(kRows, kDimension, 20, 8);
  QuantizedCollection collection(kDimension);
  const std::size_t empty = collection.bytes();
  EXPECT_LT(empty, 1000U);
  collection.add(0, data.row(0));
  EXPECT_LT(collection.bytes(), 16 * (kBytesPerRow + kDimension * sizeof(float)) + 1'000);
  for (std::size_t i = 1; i < kRows; ++i) collection.add(static_cast<std::int64_t>(i), data.row(i));
  EXPECT_GE(collection.bytes(), kRows * kBytesPerRow);
  EXPECT_LE(collection.bytes(), (kRows + 1024) * (kBytesPerRow + 40));
  for (std::int64_t id = 0; id < std::int64_t{kRows}; ++id) collection.remove(id);
  EXPECT_LT(collection.bytes(), kRows * 40);
}

}  // namespace
}  // namespace codelab::infra::vectors
