#include "core/orchestration/stored_plan.hpp"

#include <deque>

#include <gtest/gtest.h>

#include "base/store_error.hpp"
#include "core/chat/task_lifecycle.hpp"
#include "tests/unit/fakes/hand_loop.hpp"
#include "tests/unit/fakes/manual_clock.hpp"

namespace codelab::core::orchestration {
namespace {

using codelab::tests::HandLoop;

/// Holds one plan; does not answer where that is wanted, before it has written or afterwards.
class OnePlan final : public PlanStore {
 public:
  enum class Answer : std::uint8_t { at_once, lost_before, lost_after };

  base::Task<Changed> change(identity::UserScope, chat::Task, PlanChange change) override {
    const auto answer = answers.empty() ? Answer::at_once : answers.front();
    if (!answers.empty()) answers.pop_front();
    if (answer == Answer::lost_before) throw base::StoreError("away");
    if (!plan) co_return Changed::gone;
    if (change.version != plan->version + 1) co_return Changed::stale;
    plan->version = change.version;
    for (auto& [place, node] : change.nodes) plan->nodes.at(place) = node;
    if (answer == Answer::lost_after) throw base::StoreError("away");
    co_return Changed::yes;
  }
  base::Task<std::optional<Plan>> of_task(identity::UserScope, base::TaskId) override { co_return plan; }
  base::Task<Changed> create(identity::UserScope, Plan, std::vector<events::NewEvent>) override { std::abort(); }
  base::Task<Changed> edit(identity::UserScope, chat::Task, PlanChange) override { std::abort(); }
  base::Task<std::optional<Plan>> find(identity::UserScope, PlanId) override { std::abort(); }
  base::Task<std::vector<PastWork>> past_work(identity::UserScope) override { std::abort(); }

  std::optional<Plan> plan;
  std::deque<Answer> answers;
};

class StoredPlanTest : public testing::Test {
 protected:
  StoredPlanTest() { store_.plan = Plan{.nodes = {{.id = "a"}}}; }

  /// One more attempt of the node.
  void begin() {
    loop_.run(plan_.change([](Plan& plan, PlanChange& change) {
      ++plan.nodes[0].attempt;
      change.nodes.push_back({.place = 0, .node = plan.nodes[0]});
      return true;
    }));
  }
  void edit_elsewhere() {
    ++store_.plan->version;
    store_.plan->nodes[0].instruction = "something else";
  }

  using Answer = OnePlan::Answer;

  OnePlan store_;
  codelab::tests::ManualClock clock_;
  const chat::Call call_{
      .scope = identity::ScopeIssuer::open(base::UserId::generate()), .task = {}, .request = {}, .agent = {}};
  HandLoop loop_;
  StoredPlan plan_{store_, clock_, call_, Plan{.nodes = {{.id = "a"}}}, std::chrono::milliseconds{1}, loop_.executor()};
};

TEST_F(StoredPlanTest, a_change_is_stored) {
  begin();
  EXPECT_EQ(plan_->version, 2);
  EXPECT_EQ(store_.plan->nodes[0].attempt, 1);
}

TEST_F(StoredPlanTest, a_change_is_thought_out_again_on_what_somebody_else_has_made_of_the_plan) {
  edit_elsewhere();
  begin();
  EXPECT_EQ(plan_->version, 3);
  EXPECT_EQ(plan_->nodes[0].instruction, "something else");
  EXPECT_EQ(store_.plan->nodes[0].attempt, 1);
}

TEST_F(StoredPlanTest, a_store_that_is_away_is_tried_again) {
  store_.answers = {Answer::lost_before, Answer::lost_before};
  begin();
  EXPECT_EQ(store_.plan->nodes[0].attempt, 1);
}

TEST_F(StoredPlanTest, a_change_whose_answer_was_lost_is_seen_by_who_thinks_it_out_again) {
  store_.answers = {Answer::lost_after};
  loop_.run(plan_.change([](Plan& plan, PlanChange& change) {
    if (plan.nodes[0].attempt == 1) return false;
    plan.nodes[0].attempt = 1;
    change.nodes.push_back({.place = 0, .node = plan.nodes[0]});
    return true;
  }));
  EXPECT_EQ(plan_->version, 2);
  EXPECT_EQ(plan_->nodes[0].attempt, 1);
}

TEST_F(StoredPlanTest, a_plan_whose_task_has_ended_is_gone) {
  store_.plan.reset();
  EXPECT_THROW(begin(), chat::TaskGone);
  EXPECT_THROW(loop_.run(plan_.reload()), chat::TaskGone);
}

TEST_F(StoredPlanTest, what_was_edited_elsewhere_is_taken_up_and_told) {
  const auto waiting = loop_.start(plan_.wait_for_change());
  loop_.run(plan_.reload());
  EXPECT_FALSE(waiting->ended()) << "nothing was new";
  edit_elsewhere();
  loop_.run(plan_.reload());
  loop_.settle();
  EXPECT_TRUE(waiting->ended());
  EXPECT_EQ(plan_->nodes[0].instruction, "something else");
}

}  // namespace
}  // namespace codelab::core::orchestration
