#include "infra/inprocess/prune_turns.hpp"

#include <gtest/gtest.h>

#include "tests/unit/fakes/hand_loop.hpp"

namespace codelab::infra::inprocess {
namespace {

class PruneTurnsTest : public testing::Test {
 protected:
  std::unique_ptr<core::memory::PruneTurn> take(const base::AgentId& agent) {
    return loop_.run(turns_->take(user_, agent));
  }

  const core::identity::UserScope user_ = core::identity::ScopeIssuer::open(base::UserId::generate());
  const base::AgentId agent_ = base::AgentId::generate();
  std::optional<InProcessPruneTurns> turns_{std::in_place};
  tests::HandLoop loop_;
};

TEST_F(PruneTurnsTest, one_runs_and_looks_again_for_those_who_came_meanwhile) {
  const auto first = take(agent_);
  ASSERT_TRUE(first);
  EXPECT_TRUE(first->look());
  EXPECT_FALSE(take(agent_));
  EXPECT_FALSE(take(agent_));
  EXPECT_TRUE(take(base::AgentId::generate())) << "another agent's does not wait";
  EXPECT_TRUE(first->look());
  EXPECT_TRUE(loop_.run(first->keep()));
  EXPECT_FALSE(first->look());
  EXPECT_TRUE(take(agent_));
}

TEST_F(PruneTurnsTest, one_that_fails_gives_its_turn_back) {
  EXPECT_TRUE(take(agent_)->look());
  EXPECT_TRUE(take(agent_));
}

TEST_F(PruneTurnsTest, one_that_has_ended_takes_no_turn_of_another_with_it) {
  auto first = take(agent_);
  EXPECT_TRUE(first->look());
  EXPECT_FALSE(first->look());
  const auto second = take(agent_);
  first.reset();
  EXPECT_FALSE(take(agent_));
}

TEST_F(PruneTurnsTest, one_may_outlive_them_all) {
  auto turn = take(agent_);
  turns_.reset();
  turn.reset();
}

}  // namespace
}  // namespace codelab::infra::inprocess
