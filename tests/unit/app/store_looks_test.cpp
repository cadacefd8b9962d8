#include "app/store_looks.hpp"

#include <gtest/gtest.h>

#include "base/store_error.hpp"
#include "tests/unit/fakes/gate.hpp"
#include "tests/unit/fakes/hand_loop.hpp"

namespace codelab::app {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kShort{5};
constexpr std::chrono::hours kLong{1};

class StoreLooksTest : public testing::Test {
 protected:
  base::Task<> pass(tests::Gate& gate) {
    ++begun_;
    co_await gate.pass();
  }
  base::Task<> fail() {
    ++begun_;
    throw base::StoreError("away");
    co_return;
  }
  StoreLooks::Store gated(std::string name, tests::Gate& gate, milliseconds patience = kLong) {
    return {std::move(name), [this, &gate] { return pass(gate); }, patience};
  }
  StoreLooks::Store failing(std::string name) {
    return {std::move(name), [this] { return fail(); }, kLong};
  }
  static std::string told(const std::vector<StoreLooks::State>& states) {
    std::string text;
    for (const auto& each : states) text += each.name + (each.is_well ? "+" : "-");
    return text;
  }

  int begun_ = 0;
  tests::Gate open_;
  tests::Gate shut_{false};
  base::TaskGroup work_{"looks"};
  tests::HandLoop loop_;
};

TEST_F(StoreLooksTest, each_store_is_told_by_its_name_and_in_its_place) {
  StoreLooks looks({gated("a", open_), failing("b"), gated("c", open_)}, loop_.executor(), work_);
  EXPECT_EQ(told(loop_.run(looks.now())), "a+b-c+");
  EXPECT_EQ(told(loop_.run(looks.now())), "a+b-c+");
  EXPECT_EQ(begun_, 6);
}

TEST_F(StoreLooksTest, all_are_looked_at_at_the_same_time) {
  StoreLooks looks({gated("a", shut_), gated("b", shut_)}, loop_.executor(), work_);
  const auto asked = loop_.start(looks.now());
  EXPECT_EQ(begun_, 2);
  EXPECT_FALSE(asked->ended());
  shut_.open();
  loop_.settle();
  ASSERT_TRUE(asked->ended());
  EXPECT_EQ(told(asked->take()), "a+b+");
}

TEST_F(StoreLooksTest, one_that_hangs_is_away_and_is_not_looked_at_again_before_that_look_is_over) {
  StoreLooks looks({gated("slow", shut_, kShort), gated("quick", open_)}, loop_.executor(), work_);
  EXPECT_EQ(told(loop_.run(looks.now())), "slow-quick+");
  EXPECT_EQ(told(loop_.run(looks.now())), "slow-quick+");
  EXPECT_EQ(begun_, 1 + 2);
  EXPECT_EQ(work_.size(), 1U);
  shut_.open();
  loop_.settle();
  EXPECT_EQ(work_.size(), 0U);
  EXPECT_EQ(told(loop_.run(looks.now())), "slow+quick+");
}

TEST_F(StoreLooksTest, two_who_ask_at_the_same_time_share_a_look) {
  StoreLooks looks({gated("a", shut_)}, loop_.executor(), work_);
  const auto one = loop_.start(looks.now());
  const auto other = loop_.start(looks.now());
  EXPECT_EQ(begun_, 1);
  shut_.open();
  loop_.settle();
  EXPECT_EQ(told(one->take()), "a+");
  EXPECT_EQ(told(other->take()), "a+");
}

TEST_F(StoreLooksTest, nothing_is_well_once_everything_ends) {
  StoreLooks looks({gated("a", open_)}, loop_.executor(), work_);
  work_.cancel();
  EXPECT_EQ(told(loop_.run(looks.now())), "a-");
}

}  // namespace
}  // namespace codelab::app
