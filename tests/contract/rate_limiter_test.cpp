#include <memory>

#include <gtest/gtest.h>

#include "infra/inprocess/rate_window.hpp"
#include "tests/contract/caches.hpp"
#include "tests/contract/run_task.hpp"

namespace codelab::tests {
namespace {

using core::cache::RateDecision;
using core::cache::RateLimiter;
using std::chrono::milliseconds;
using std::chrono::seconds;

class RateLimiterContract : public testing::TestWithParam<RateLimiterKind> {
 protected:
  RateDecision take(const std::string& key = "ada", std::int64_t limit = 10) {
    // Every other request comes to another process.
    RateLimiter& limiter = ++taken_ % 2 == 0 ? limiters_->here() : limiters_->there();
    return run_task(limiter.take(key + run_, limit));
  }
  int allowed_of(int attempts, std::int64_t limit = 10) {
    int allowed = 0;
    for (int i = 0; i < attempts; ++i) allowed += take("ada", limit).allowed ? 1 : 0;
    return allowed;
  }

  /// Keys of one test are not those of another, nor of another run.
  std::string run_ = base::UserId::generate().str();
  milliseconds time_{600'000'000};
  std::unique_ptr<RateLimiters> limiters_ = GetParam().make([this] { return time_; });
  int taken_ = 0;
};

INSTANTIATE_TEST_SUITE_P(Over, RateLimiterContract, testing::ValuesIn(rate_limiter_kinds()),
                         [](const auto& kind) { return kind.param.name; });

TEST_P(RateLimiterContract, AllowsTheLimitAndCountsDown) {
  for (int i = 9; i >= 0; --i) {
    const RateDecision decision = take();
    EXPECT_TRUE(decision.allowed);
    EXPECT_EQ(decision.limit, 10);
    EXPECT_EQ(decision.remaining, i);
    EXPECT_EQ(decision.reset, seconds(60));
  }
  const RateDecision refused = take();
  EXPECT_FALSE(refused.allowed);
  EXPECT_EQ(refused.remaining, 0);
  EXPECT_EQ(refused.reset, seconds(66));
}

TEST_P(RateLimiterContract, KeysDoNotShare) {
  EXPECT_EQ(allowed_of(20), 10);
  EXPECT_TRUE(take("bob").allowed);
}

TEST_P(RateLimiterContract, TheMinuteBeforeCountsByItsOverlap) {
  time_ += seconds(59);
  EXPECT_EQ(allowed_of(20), 10);
  time_ += seconds(1);
  EXPECT_EQ(allowed_of(20), 0);
  time_ += seconds(30);
  EXPECT_EQ(allowed_of(20), 5);
  time_ += seconds(120);
  EXPECT_EQ(allowed_of(20), 10);
}

TEST_P(RateLimiterContract, ALimitMayChangeBetweenRequests) {
  EXPECT_EQ(allowed_of(20, 10), 10);
  EXPECT_FALSE(take("ada", 3).allowed);
  EXPECT_TRUE(take("ada", 1'000'000'000'000'000).allowed);
  EXPECT_EQ(take("bob", 1).remaining, 0);
}

TEST_P(RateLimiterContract, EveryKindDecidesAlike) {
  unsigned random = 7;
  for (const std::int64_t limit : {1, 3, 50}) {
    infra::inprocess::RateWindow model;
    const std::string key = "key" + std::to_string(limit);
    const milliseconds start = time_;
    for (int i = 0; i < 1'000; ++i) {
      random = random * 1664525U + 1013904223U;
      time_ += milliseconds((random >> 8) % (90'000 / limit));
      const RateDecision expected = model.take(time_ - start, limit);
      const RateDecision decision = take(key, limit);
      ASSERT_EQ(decision.allowed, expected.allowed) << limit << " " << i;
      ASSERT_EQ(decision.limit, expected.limit);
      ASSERT_EQ(decision.remaining, expected.remaining) << limit << " " << i;
      ASSERT_EQ(decision.reset, expected.reset) << limit << " " << i;
    }
    // The next model begins with a fresh minute.
    time_ += milliseconds(60'000) - (time_ - milliseconds(600'000'000)) % milliseconds(60'000);
  }
}

}  // namespace
}  // namespace codelab::tests
