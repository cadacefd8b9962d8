#include "core/models/retry_policy.hpp"

#include <gtest/gtest.h>

namespace codelab::core::models {
namespace {

using std::chrono::milliseconds;
using namespace std::chrono_literals;

constexpr RetryLimits kLimits{
    .max_attempts = 5, .base = 100ms, .max_pause = 350ms, .max_retry_after = 5s, .total_budget = 10s};

std::optional<milliseconds> pause(RetryPolicy::Failure failure, double random = 0.5) {
  return RetryPolicy(kLimits).pause_after(failure, random);
}

TEST(RetryPolicyTest, TheCeilingDoublesUpToItsBound) {
  EXPECT_EQ(pause({.attempts = 1}), 50ms);
  EXPECT_EQ(pause({.attempts = 2}), 100ms);
  EXPECT_EQ(pause({.attempts = 3}), 175ms);
  EXPECT_EQ(pause({.attempts = 4}), 175ms);
}

TEST(RetryPolicyTest, TheJitterIsFull) {
  EXPECT_EQ(pause({.attempts = 1}, 0.0), 0ms);
  EXPECT_EQ(pause({.attempts = 1}, 0.99), 99ms);
}

TEST(RetryPolicyTest, AttemptsAreBounded) { EXPECT_EQ(pause({.attempts = 5}), std::nullopt); }

TEST(RetryPolicyTest, NoPauseEndsPastTheBudget) {
  EXPECT_EQ(pause({.attempts = 1, .elapsed = 9950ms}), 50ms);
  EXPECT_EQ(pause({.attempts = 1, .elapsed = 9951ms}), std::nullopt);
}

TEST(RetryPolicyTest, RetryAfterIsWaitedOutAndSpread) {
  EXPECT_EQ(pause({.attempts = 1, .retry_after = 2s}, 0.0), 2000ms);
  EXPECT_EQ(pause({.attempts = 4, .retry_after = 2s}, 0.9), 2100ms);
}

TEST(RetryPolicyTest, AnUnreasonableRetryAfterEndsTheAttempts) {
  EXPECT_EQ(pause({.attempts = 1, .retry_after = 5s}, 0.0), 5s);
  EXPECT_EQ(pause({.attempts = 1, .retry_after = 5001ms}, 0.0), std::nullopt);
}

TEST(RetryPolicyTest, ManyAttemptsDoNotOverflow) {
  RetryLimits limits = kLimits;
  limits.max_attempts = 1'000'000;
  EXPECT_EQ(RetryPolicy(limits).pause_after({.attempts = 900'000}, 0.5), 175ms);
}

// 1994-11-06 08:49:37 UTC, the example of RFC 9110.
constexpr base::Timestamp kExample{std::chrono::seconds(784111777)};

TEST(RetryAfterTest, SecondsAreRead) {
  EXPECT_EQ(parse_retry_after("0", kExample), 0ms);
  EXPECT_EQ(parse_retry_after(" 120 ", kExample), 120s);
  EXPECT_EQ(parse_retry_after("99999999999999999999", kExample), 86'400s);
}

TEST(RetryAfterTest, AllThreeHttpDatesAreRead) {
  const base::Timestamp now = kExample - 30s;
  EXPECT_EQ(parse_retry_after("Sun, 06 Nov 1994 08:49:37 GMT", now), 30s);
  EXPECT_EQ(parse_retry_after("Sunday, 06-Nov-94 08:49:37 GMT", now), 30s);
  EXPECT_EQ(parse_retry_after("Sun Nov  6 08:49:37 1994", now), 30s);
}

TEST(RetryAfterTest, ADateInThePastIsNow) {
  EXPECT_EQ(parse_retry_after("Sun, 06 Nov 1994 08:49:37 GMT", kExample + 1h), 0ms);
}

TEST(RetryAfterTest, NonsenseIsNoAnswer) {
  for (const char* value : {"", " ", "-1", "1.5", "soon", "12s", "Sun, 06 Nov 1994 08:49:37 GMT tomorrow"}) {
    EXPECT_EQ(parse_retry_after(value, kExample), std::nullopt) << value;
  }
}

}  // namespace
}  // namespace codelab::core::models
