#include "infra/openai/model_breakers.hpp"

#include <gtest/gtest.h>

namespace codelab::infra::openai {
namespace {

using core::models::BreakerState;

class ModelBreakersTest : public testing::Test {
 protected:
  void fail(std::string_view model) {
    auto lease = breakers_.of(model).admit();
    ASSERT_TRUE(lease);
    lease->report(false);
  }
  BreakerState state(std::string_view model) { return breakers_.of(model).state(); }

  ModelBreakers breakers_{{.consecutive_failures = 1, .open_for = std::chrono::hours{1}}, 3};
};

TEST_F(ModelBreakersTest, one_model_that_fails_closes_no_other) {
  fail("bad");
  EXPECT_EQ(state("bad"), BreakerState::open);
  EXPECT_FALSE(breakers_.of("bad").admit());
  EXPECT_EQ(state("good"), BreakerState::closed);
  EXPECT_TRUE(breakers_.of("good").admit());
}

TEST_F(ModelBreakersTest, all_calls_of_one_model_share_its_breaker) {
  const auto known = breakers_.of("bad");
  fail("bad");
  EXPECT_EQ(known.state(), BreakerState::open);
}

TEST_F(ModelBreakersTest, past_the_bound_closed_ones_are_forgotten_first) {
  fail("bad");
  for (const char* model : {"a", "b", "c", "d", "e"}) static_cast<void>(breakers_.of(model));
  EXPECT_EQ(state("bad"), BreakerState::open);
}

TEST_F(ModelBreakersTest, when_all_are_open_the_one_not_asked_for_the_longest_is_forgotten) {
  for (const char* model : {"a", "b", "c"}) fail(model);
  static_cast<void>(breakers_.of("a"));
  static_cast<void>(breakers_.of("d"));
  EXPECT_EQ(state("a"), BreakerState::open);
  EXPECT_EQ(state("c"), BreakerState::open);
  EXPECT_EQ(state("b"), BreakerState::closed);
}

TEST_F(ModelBreakersTest, a_call_whose_model_was_forgotten_can_still_report) {
  auto lease = breakers_.of("a").admit();
  for (const char* model : {"b", "c", "d", "e"}) static_cast<void>(breakers_.of(model));
  EXPECT_EQ(lease->report(false), BreakerState::open);
  EXPECT_EQ(state("a"), BreakerState::closed);
}

}  // namespace
}  // namespace codelab::infra::openai
