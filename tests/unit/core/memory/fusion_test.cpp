#include "core/memory/fusion.hpp"

#include <gtest/gtest.h>

#include "core/memory/agent_memory.hpp"

namespace codelab::core::memory {
namespace {

Candidate candidate(std::string text, double semantic, double lexical) {
  return {.memory = {.id = base::MemoryId::generate(), .text = std::move(text)}, .parts = {semantic, lexical}};
}

std::vector<std::string> texts(const std::vector<MemoryHit>& hits) {
  std::vector<std::string> found;
  for (const MemoryHit& hit : hits) found.push_back(hit.memory.text);
  return found;
}

TEST(Fusion, orders_by_the_weighted_sum_of_both_parts) {
  const auto hits = fuse({candidate("lexical", 0.1, 1), candidate("both", 0.6, 0.8), candidate("semantic", 0.7, 0)}, 5, 0);
  EXPECT_EQ(texts(hits), (std::vector<std::string>{"both", "semantic", "lexical"}));
  EXPECT_NEAR(hits[0].score, 0.75 * 0.6 + 0.25 * 0.8, 1e-12);
}

TEST(Fusion, leaves_out_what_is_weak_and_what_is_too_many) {
  const auto hits = fuse({candidate("a", 0.9, 0), candidate("b", 0.8, 0), candidate("c", 0.1, 0)}, 1, 0.2);
  EXPECT_EQ(texts(hits), std::vector<std::string>{"a"});
  EXPECT_TRUE(fuse({candidate("c", 0.1, 0)}, 5, 0.2).empty());
}

TEST(Fusion, an_opposite_meaning_is_no_better_than_none) {
  EXPECT_EQ(fuse({candidate("a", -0.9, 0)}, 5, 0).front().score, 0);
}

TEST(Fusion, of_equals_the_newer_comes_first) {
  EXPECT_EQ(texts(fuse({candidate("old", 0.5, 0), candidate("new", 0.5, 0)}, 5, 0)),
            (std::vector<std::string>{"new", "old"}));
}

TEST(Utf8Prefix, never_cuts_a_character) {
  EXPECT_EQ(utf8_prefix("aé€", 2), "a");
  EXPECT_EQ(utf8_prefix("aé€", 3), "aé");
  EXPECT_EQ(utf8_prefix("aé€", 5), "aé");
  EXPECT_EQ(utf8_prefix("aé€", 6), "aé€");
}

}  // namespace
}  // namespace codelab::core::memory
