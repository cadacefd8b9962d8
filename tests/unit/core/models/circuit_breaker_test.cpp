#include "core/models/circuit_breaker.hpp"

#include <gtest/gtest.h>

namespace codelab::core::models {
namespace {

using namespace std::chrono_literals;

class CircuitBreakerTest : public ::testing::Test {
 protected:
  void fail() { breaker_.failed(*breaker_.admit(now_), now_); }
  void succeed() { breaker_.succeeded(*breaker_.admit(now_)); }
  void open() {
    for (int i = 0; i < 3; ++i) fail();
  }

  CircuitBreaker::Time now_{1h};
  CircuitBreaker breaker_{{.consecutive_failures = 3, .failure_rate = 0.5, .window = 6, .open_for = 10s}};
};

TEST_F(CircuitBreakerTest, FailuresInARowOpenIt) {
  fail();
  fail();
  EXPECT_EQ(breaker_.state(), BreakerState::closed);
  fail();
  EXPECT_EQ(breaker_.state(), BreakerState::open);
  EXPECT_FALSE(breaker_.admit(now_));
  EXPECT_EQ(breaker_.retry_in(now_ + 3s), 7s);
}

TEST_F(CircuitBreakerTest, ASuccessBreaksTheRow) {
  fail();
  fail();
  succeed();
  fail();
  fail();
  EXPECT_EQ(breaker_.state(), BreakerState::closed);
}

TEST_F(CircuitBreakerTest, AHighRateOpensItOnceTheWindowIsFull) {
  for (int i = 0; i < 2; ++i) {
    fail();
    succeed();
  }
  fail();
  EXPECT_EQ(breaker_.state(), BreakerState::closed);
  fail();
  EXPECT_EQ(breaker_.state(), BreakerState::open);
}

TEST_F(CircuitBreakerTest, OldOutcomesLeaveTheWindow) {
  fail();
  fail();
  for (int i = 0; i < 6; ++i) succeed();
  fail();
  fail();
  EXPECT_EQ(breaker_.state(), BreakerState::closed);
}

TEST_F(CircuitBreakerTest, AfterItsTimeOneProbeIsLetThrough) {
  open();
  now_ += 9999ms;
  EXPECT_FALSE(breaker_.admit(now_));
  now_ += 1ms;
  const auto probe = breaker_.admit(now_);
  ASSERT_TRUE(probe);
  EXPECT_EQ(breaker_.state(), BreakerState::half_open);
  EXPECT_FALSE(breaker_.admit(now_));
  EXPECT_EQ(breaker_.retry_in(now_), 0ms);
  breaker_.succeeded(*probe);
  EXPECT_EQ(breaker_.state(), BreakerState::closed);
}

TEST_F(CircuitBreakerTest, AFailedProbeOpensItAgainForTheWholeTime) {
  open();
  now_ += 10s;
  fail();
  EXPECT_EQ(breaker_.state(), BreakerState::open);
  EXPECT_EQ(breaker_.retry_in(now_), 10s);
}

TEST_F(CircuitBreakerTest, AnAbandonedProbeMakesRoomForAnother) {
  open();
  now_ += 10s;
  breaker_.abandoned(*breaker_.admit(now_));
  EXPECT_EQ(breaker_.state(), BreakerState::half_open);
  EXPECT_TRUE(breaker_.admit(now_));
}

TEST_F(CircuitBreakerTest, LateOutcomesOfEarlierCallsChangeNothing) {
  const auto early = breaker_.admit(now_);
  const auto late = breaker_.admit(now_);
  open();
  now_ += 10s;
  const auto probe = breaker_.admit(now_);
  breaker_.succeeded(*early);
  EXPECT_EQ(breaker_.state(), BreakerState::half_open);
  breaker_.failed(*late, now_);
  EXPECT_EQ(breaker_.state(), BreakerState::half_open);
  breaker_.abandoned(*early);
  EXPECT_FALSE(breaker_.admit(now_));
  breaker_.succeeded(*probe);
  EXPECT_EQ(breaker_.state(), BreakerState::closed);
}

TEST_F(CircuitBreakerTest, WhatClosedAgainStartsAfresh) {
  open();
  now_ += 10s;
  succeed();
  fail();
  fail();
  EXPECT_EQ(breaker_.state(), BreakerState::closed);
}

}  // namespace
}  // namespace codelab::core::models
