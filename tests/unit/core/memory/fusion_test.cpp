#include "core/memory/fusion.hpp"

#include <gtest/gtest.h>

#include "core/memory/agent_memory.hpp"

namespace codelab::core::memory {
namespace {

std::vector<std::int64_t> ids(const std::vector<Candidate>& candidates) {
  std::vector<std::int64_t> found;
  for (const Candidate& each : candidates) found.push_back(each.row_id);
  return found;
}

TEST(Join, brings_both_parts_of_a_memory_together) {
  const auto joined = join({{1, 0.9}, {2, 0.8}}, {{2, 0.5}, {3, 0.4}, {4, 0.3}}, {{3, 0.2}, {5, 0.1}});
  EXPECT_EQ(ids(joined), (std::vector<std::int64_t>{1, 2, 3, 4}));
  EXPECT_EQ(joined[0].parts.semantic, 0.9);
  EXPECT_EQ(joined[0].parts.lexical, 0);
  EXPECT_EQ(joined[1].parts.semantic, 0.8);
  EXPECT_EQ(joined[1].parts.lexical, 0.5);
  EXPECT_EQ(joined[2].parts.semantic, 0.2);
  EXPECT_EQ(joined[2].parts.lexical, 0.4);
  EXPECT_TRUE(joined[2].comparable);
}

TEST(Join, a_memory_whose_cosine_is_not_known_cannot_be_compared) {
  const auto joined = join({}, {{1, 0.5}}, {});
  EXPECT_FALSE(joined.at(0).comparable);
}

TEST(Fusion, orders_by_the_weighted_sum_of_both_parts) {
  const auto fused = fuse({{1, {0.1, 1}}, {2, {0.6, 0.8}}, {3, {0.7, 0}}}, 5, 0);
  EXPECT_EQ(ids(fused), (std::vector<std::int64_t>{2, 3, 1}));
  EXPECT_NEAR(fused[0].score, 0.75 * 0.6 + 0.25 * 0.8, 1e-12);
}

TEST(Fusion, leaves_out_what_is_weak_and_what_is_too_many) {
  EXPECT_EQ(ids(fuse({{1, {0.9, 0}}, {2, {0.8, 0}}, {3, {0.1, 0}}}, 1, 0.2)), std::vector<std::int64_t>{1});
  EXPECT_TRUE(fuse({{3, {0.1, 0}}}, 5, 0.2).empty());
}

TEST(Fusion, an_opposite_meaning_is_no_better_than_none) { EXPECT_EQ(fuse({{1, {-0.9, 0}}}, 5, 0).front().score, 0); }

TEST(Fusion, what_cannot_be_compared_is_judged_by_its_words) {
  const auto fused = fuse({{.row_id = 1, .parts = {0, 0.6}, .comparable = false}, {2, {0.5, 0.6}}}, 5, 0.2);
  EXPECT_EQ(ids(fused), (std::vector<std::int64_t>{1, 2}));
  EXPECT_NEAR(fused[0].score, 0.6, 1e-12);
}

TEST(Fusion, of_equals_the_newer_comes_first) {
  EXPECT_EQ(ids(fuse({{1, {0.5, 0}}, {2, {0.5, 0}}}, 5, 0)), (std::vector<std::int64_t>{2, 1}));
}

TEST(Utf8Prefix, never_cuts_a_character) {
  EXPECT_EQ(utf8_prefix("aé€", 2), "a");
  EXPECT_EQ(utf8_prefix("aé€", 3), "aé");
  EXPECT_EQ(utf8_prefix("aé€", 5), "aé");
  EXPECT_EQ(utf8_prefix("aé€", 6), "aé€");
}

}  // namespace
}  // namespace codelab::core::memory
