#include "infra/inprocess/rate_limiter.hpp"

#include <atomic>
#include <thread>

#include <gtest/gtest.h>

#include "tests/contract/run_task.hpp"
#include "tests/unit/fakes/manual_clock.hpp"

namespace codelab::infra::inprocess {
namespace {

using core::cache::RateDecision;
using std::chrono::milliseconds;
using std::chrono::seconds;
using tests::run_task;

class InProcessRateLimiterTest : public testing::Test {
 protected:
  RateDecision take(std::string key = "ada", std::int64_t limit = 10) {
    return run_task(limiter_.take(std::move(key), limit));
  }
  int allowed_of(int attempts, std::int64_t limit = 10) {
    int allowed = 0;
    for (int i = 0; i < attempts; ++i) allowed += take("ada", limit).allowed ? 1 : 0;
    return allowed;
  }

  tests::ManualSteadyClock clock_;
  InProcessRateLimiter limiter_{100, [this] { return clock_.now(); }, 1};
};

TEST_F(InProcessRateLimiterTest, AllowsTheLimitAndCountsDown) {
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

TEST_F(InProcessRateLimiterTest, KeysDoNotShare) {
  EXPECT_EQ(allowed_of(20), 10);
  EXPECT_TRUE(take("bob").allowed);
}

TEST_F(InProcessRateLimiterTest, TheMinuteBeforeCountsByItsOverlap) {
  clock_.advance(seconds(59));
  EXPECT_EQ(allowed_of(20), 10);
  clock_.advance(seconds(1));
  EXPECT_EQ(allowed_of(20), 0);
  clock_.advance(seconds(30));
  EXPECT_EQ(allowed_of(20), 5);
  clock_.advance(seconds(60));
  EXPECT_EQ(allowed_of(20), 7);
  clock_.advance(seconds(120));
  EXPECT_EQ(allowed_of(20), 10);
}

TEST_F(InProcessRateLimiterTest, RefusedRequestsDoNotCount) {
  EXPECT_EQ(allowed_of(1000), 10);
  clock_.advance(seconds(90));
  EXPECT_EQ(allowed_of(20), 5);
}

TEST_F(InProcessRateLimiterTest, ALimitOfOneAllowsOne) {
  EXPECT_TRUE(take("ada", 1).allowed);
  const RateDecision refused = take("ada", 1);
  EXPECT_FALSE(refused.allowed);
  EXPECT_EQ(refused.reset, seconds(120));
  clock_.advance(seconds(119));
  EXPECT_FALSE(take("ada", 1).allowed);
  clock_.advance(seconds(1));
  EXPECT_TRUE(take("ada", 1).allowed);
}

TEST_F(InProcessRateLimiterTest, ALimitMayChangeBetweenRequests) {
  EXPECT_EQ(allowed_of(20, 10), 10);
  EXPECT_FALSE(take("ada", 3).allowed);
  EXPECT_TRUE(take("ada", 1'000'000'000'000'000).allowed);
  EXPECT_EQ(take("bob", 1).remaining, 0);
}

TEST(RateWindowTest, AllowsWhenItSaidItWouldAndNeverMoreThanTheLimitInAMinute) {
  unsigned random = 99;
  for (const std::int64_t limit : {1, 2, 3, 7, 100}) {
    RateWindow window;
    milliseconds time{0};
    int refusals = 0;
    for (int i = 0; i < 20'000; ++i) {
      random = random * 1664525U + 1013904223U;
      time += milliseconds((random >> 8) % (120'000 / limit));
      const RateDecision decision = window.take(time, limit);
      ASSERT_GE(decision.reset, seconds(1));
      ASSERT_GE(decision.remaining, 0);
      ASSERT_LT(decision.remaining, limit);
      if (decision.allowed) continue;
      ++refusals;
      // A second too early is too early, and the named moment is not.
      if (decision.reset > seconds(1)) {
        RateWindow early = window;
        ASSERT_FALSE(early.take(time + decision.reset - seconds(1), limit).allowed) << i;
      }
      time += decision.reset;
      ASSERT_TRUE(window.take(time, limit).allowed) << i;
    }
    EXPECT_GT(refusals, 100) << limit;
  }
}

TEST_F(InProcessRateLimiterTest, TheNumberOfKeysIsBoundedAndTheQuietGoFirst) {
  EXPECT_EQ(allowed_of(10), 10);
  for (int i = 0; i < 1000; ++i) {
    take("flood" + std::to_string(i));
    if (i % 50 == 0) EXPECT_FALSE(take("ada").allowed);
  }
  EXPECT_EQ(limiter_.keys(), 100U);
  EXPECT_FALSE(take("ada").allowed);
}

TEST_F(InProcessRateLimiterTest, StaleKeysAreForgottenAsOthersCome) {
  for (int i = 0; i < 80; ++i) take("early" + std::to_string(i));
  clock_.advance(seconds(60));
  for (int i = 0; i < 10; ++i) take("later" + std::to_string(i));
  EXPECT_EQ(limiter_.keys(), 90U);
  clock_.advance(seconds(60));
  for (int i = 0; i < 40; ++i) take("late" + std::to_string(i));
  EXPECT_EQ(limiter_.keys(), 50U);
}

TEST(InProcessRateLimiterThreads, TogetherTakeNoMoreThanTheLimit) {
  InProcessRateLimiter limiter(100, [] { return SteadyTime{}; });
  std::atomic<int> allowed = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 300; ++i) allowed += run_task(limiter.take("one", 500)).allowed ? 1 : 0;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(allowed, 500);
}

}  // namespace
}  // namespace codelab::infra::inprocess
