#include "infra/words/bm25.hpp"

#include <array>
#include <cmath>
#include <vector>

#include <gtest/gtest.h>

namespace codelab::infra::words {
namespace {

using Counts = std::vector<std::uint8_t>;

constexpr TextStatistics kHundred{.documents = 100, .average_length = 20};

TEST(Bm25, FollowsTheFormula) {
  const Bm25 scorer(kHundred, std::array{10.0, 1.0});
  const double rare = std::log1p(99.5 / 1.5);
  const double common = std::log1p(90.5 / 10.5);
  const double slowdown = 1.2 * (0.25 + 0.75 * 30 / 20);
  const double expected = (common * 2 * 2.2 / (2 + slowdown) + rare * 2.2 / (1 + slowdown)) / (2.2 * (rare + common));
  EXPECT_NEAR(scorer.score(Counts{2, 1}, 30), expected, 1e-12);
}

TEST(Bm25, LiesBetweenZeroAndOne) {
  const Bm25 scorer(kHundred, std::array{3.0, 100.0, 0.0});
  EXPECT_EQ(scorer.score(Counts{0, 0, 0}, 5), 0);
  EXPECT_GT(scorer.score(Counts{255, 255, 255}, 0), 0.99);
  EXPECT_LE(scorer.score(Counts{255, 255, 255}, 0), 1);
}

TEST(Bm25, ARareWordWeighsMoreThanACommonOne) {
  const Bm25 scorer(kHundred, std::array{90.0, 2.0});
  EXPECT_LT(scorer.score(Counts{1, 0}, 20), scorer.score(Counts{0, 1}, 20));
}

TEST(Bm25, AWordInEveryDocumentStillCounts) {
  const Bm25 scorer({.documents = 1, .average_length = 5}, std::array{1.0});
  EXPECT_GT(scorer.score(Counts{1}, 5), 0);
}

TEST(Bm25, AShorterDocumentScoresHigherUpToTheBound) {
  const Bm25 scorer(kHundred, std::array{5.0});
  EXPECT_GT(scorer.score(Counts{1}, 10), scorer.score(Counts{1}, 100));
  EXPECT_GE(scorer.bound(Counts{1}), scorer.score(Counts{1}, 1));
}

TEST(Bm25, AWordThatIsMissingLowersTheScore) {
  const Bm25 one(kHundred, std::array{5.0});
  const Bm25 two(kHundred, std::array{5.0, 0.0});
  EXPECT_LT(two.score(Counts{1, 0}, 20), one.score(Counts{1}, 20));
}

TEST(Bm25, NoWordsScoreNothing) { EXPECT_EQ(Bm25(kHundred, {}).score({}, 10), 0); }

}  // namespace
}  // namespace codelab::infra::words
