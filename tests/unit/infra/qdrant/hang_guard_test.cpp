#include "infra/qdrant/hang_guard.hpp"

#include <string>

#include <gtest/gtest.h>

#include "tests/unit/fakes/gate.hpp"
#include "tests/unit/fakes/hand_loop.hpp"

namespace codelab::infra::qdrant {
namespace {

base::Task<int> answer() { co_return 7; }

template <class Fault>
base::Task<int> fail(Fault fault) {
  throw fault;
  co_return 0;
}

base::Task<int> wait_at(tests::Gate& gate) {
  co_await gate.pass();
  co_return 7;
}

class HangGuardTest : public testing::Test {
 protected:
  /// What it throws; empty when it answers.
  std::string fault_of(HangGuard& guard, base::Task<int> work) {
    try {
      EXPECT_EQ(loop_.run(guard.run(std::move(work))), 7);
      return {};
    } catch (const base::StoreError& fault) {
      return fault.what();
    }
  }
  void time_out(HangGuard& guard, int times) {
    for (int i = 0; i < times; ++i) EXPECT_EQ(fault_of(guard, fail(TimedOut("late"))), "late");
  }
  bool refuses(HangGuard& guard) { return fault_of(guard, answer()).contains("it hangs"); }

  tests::HandLoop loop_;
};

TEST_F(HangGuardTest, after_a_few_that_wait_in_vain_all_are_refused) {
  HangGuard guard;
  time_out(guard, 3);
  EXPECT_TRUE(refuses(guard));
  EXPECT_TRUE(refuses(guard));
}

TEST_F(HangGuardTest, answers_in_between_and_quick_failures_keep_it_open) {
  HangGuard guard;
  for (int i = 0; i < 3; ++i) {
    time_out(guard, 2);
    EXPECT_FALSE(refuses(guard));
    time_out(guard, 2);
    EXPECT_EQ(fault_of(guard, fail(base::StoreError("refused"))), "refused");
  }
}

TEST_F(HangGuardTest, one_is_let_through_after_a_rest_and_the_others_when_it_has_its_answer) {
  auto limits = HangGuard::kLimits;
  limits.open_for = std::chrono::milliseconds{0};
  HangGuard guard(limits);
  time_out(guard, 3);
  tests::Gate gate(false);
  const auto probe = loop_.start(guard.run(wait_at(gate)));
  EXPECT_TRUE(refuses(guard));
  gate.open();
  loop_.settle();
  EXPECT_EQ(probe->take(), 7);
  EXPECT_FALSE(refuses(guard));
}

TEST_F(HangGuardTest, one_that_is_cancelled_says_nothing_about_the_server) {
  auto limits = HangGuard::kLimits;
  limits.open_for = std::chrono::milliseconds{0};
  HangGuard guard(limits);
  time_out(guard, 3);
  tests::Gate gate(false);
  const auto probe = loop_.start(guard.run(wait_at(gate)));
  probe->cancel();
  loop_.settle();
  EXPECT_TRUE(probe->ended());
  EXPECT_FALSE(refuses(guard));
}

}  // namespace
}  // namespace codelab::infra::qdrant
