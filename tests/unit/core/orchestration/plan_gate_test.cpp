#include "core/orchestration/plan_gate.hpp"

#include <cstdlib>

#include <gtest/gtest.h>

#include "core/chat/task_lifecycle.hpp"
#include "tests/unit/fakes/hand_loop.hpp"
#include "tests/unit/fakes/manual_clock.hpp"

namespace codelab::core::orchestration {
namespace {

using approvals::Approval;
using approvals::ApprovalStatus;
using base::ErrorCode;

/// Knows one approval at most, and says how many of the user's are pending.
class OneApproval final : public approvals::ApprovalStore {
 public:
  base::Task<bool> request(identity::UserScope, chat::Task, Approval approval,
                           std::vector<events::NewEvent> told) override {
    known = std::move(approval);
    events = std::move(told);
    co_return true;
  }
  base::Task<std::optional<Approval>> find(identity::UserScope, approvals::ApprovalId, base::Timestamp) override {
    co_return known;
  }
  base::Task<Page<Approval>> list(identity::UserScope, std::optional<ApprovalStatus> status, PageRequest,
                                  base::Timestamp) override {
    EXPECT_EQ(status, ApprovalStatus::pending);
    co_return Page<Approval>{.total = pending};
  }
  base::Task<bool> resolve(identity::UserScope, Approval, approvals::Resolution,
                           std::vector<events::NewEvent>) override {
    std::abort();
  }

  std::optional<Approval> known;
  std::vector<events::NewEvent> events;
  std::int64_t pending = 0;
};

class PlanGateTest : public testing::Test {
 protected:
  PlanGateTest() { config_.require_approval = RequireApproval::always; }

  std::optional<base::Error> pass() { return loop_.run(gate_.pass(call_, plan_, config_)); }
  std::optional<base::Error> pass_known(ApprovalStatus status) {
    store_.known = Approval{.status = status};
    return pass();
  }

  OneApproval store_;
  codelab::tests::ManualClock clock_;
  PlanGate gate_{store_, clock_, std::chrono::hours{1}};
  const chat::Call call_{
      .scope = identity::ScopeIssuer::open(base::UserId::generate()), .task = {}, .request = {}, .agent = {}};
  Plan plan_{.id = PlanId::generate(), .nodes = {{.id = "a"}}};
  OrchestratorConfig config_;
  codelab::tests::HandLoop loop_;
};

TEST_F(PlanGateTest, a_plan_waits_and_its_process_ends_its_work_on_it) {
  EXPECT_THROW(pass(), chat::TaskGone);
  ASSERT_TRUE(store_.known);
  EXPECT_EQ(store_.known->id.bytes, plan_.id.bytes);
  EXPECT_EQ(store_.known->expires_at - store_.known->created_at, std::chrono::hours{1});
  ASSERT_EQ(store_.events.size(), 1);
  EXPECT_EQ(store_.events[0].type, events::EventType::approval_required);
  EXPECT_THROW(pass(), chat::TaskGone) << "it is not decided yet";
}

TEST_F(PlanGateTest, what_is_decided_is_kept_to) {
  EXPECT_FALSE(pass_known(ApprovalStatus::approved));
  EXPECT_EQ(pass_known(ApprovalStatus::rejected)->code, ErrorCode::cancelled);
  EXPECT_EQ(pass_known(ApprovalStatus::expired)->code, ErrorCode::approval_expired);
}

TEST_F(PlanGateTest, only_so_many_plans_of_a_user_wait) {
  store_.pending = 99;
  EXPECT_THROW(pass(), chat::TaskGone);
  store_ = {};
  store_.pending = 100;
  EXPECT_EQ(pass()->code, ErrorCode::queue_full);
  EXPECT_FALSE(store_.known);
}

TEST_F(PlanGateTest, what_has_begun_or_needs_no_approval_passes) {
  plan_.nodes[0].status = NodeStatus::running;
  EXPECT_FALSE(pass());
  plan_.nodes[0].status = NodeStatus::pending;
  config_.require_approval = RequireApproval::risky;
  plan_.estimate = PlanEstimate{.seconds = 1};
  EXPECT_FALSE(pass());
  plan_.estimate->seconds = static_cast<double>(config_.max_seconds) + 1;
  EXPECT_THROW(pass(), chat::TaskGone);
  config_.require_approval = RequireApproval::never;
  store_ = {};
  EXPECT_FALSE(pass());
}

}  // namespace
}  // namespace codelab::core::orchestration
