#include <gtest/gtest.h>

#include "base/describe/encode.hpp"
#include "core/approvals/approval_events.hpp"
#include "tests/contract/stores.hpp"

namespace codelab::tests {
namespace {

using core::approvals::Approval;
using core::approvals::ApprovalId;
using core::approvals::ApprovalStatus;
using core::approvals::Resolution;
using core::chat::Session;
using core::chat::Task;
using core::chat::TaskStatus;
using core::identity::UserScope;

class ApprovalStoreContract : public StoreContract {
 protected:
  Approval new_approval() {
    return {.id = ApprovalId::generate(),
            .session_id = session.id,
            .task_id = task.id,
            .payload = {{"goal", "größer \"machen\""}},
            .created_at = clock.now(),
            .expires_at = clock.now() + std::chrono::hours(1)};
  }
  bool request(const Approval& approval) {
    return run_task(
        stores->approvals().request(user, task, approval, {core::approvals::approval_required(approval, "x")}));
  }
  bool resolve(const Approval& approval, ApprovalStatus status = ApprovalStatus::approved) {
    const Resolution resolution{.status = status, .reason = "so", .resolved_at = clock.now() + later};
    return run_task(stores->approvals().resolve(user, approval, resolution,
                                                {core::approvals::approval_resolved(approval, resolution)}));
  }
  Approval find(const Approval& approval) {
    return run_task(stores->approvals().find(user, approval.id, clock.now() + later)).value();
  }
  core::Page<Approval> list(std::optional<ApprovalStatus> status = {}, core::PageRequest page = {}) {
    return run_task(stores->approvals().list(user, status, page, clock.now() + later));
  }
  void cancel_task() {
    Task ended = task;
    ended.status = TaskStatus::cancelled;
    ended.completed_at = clock.now();
    ended.error = {.code = "cancelled", .detail = "no more"};
    ASSERT_TRUE(run_task(stores->tasks().cancel(user, ended, {})));
  }
  std::vector<core::chat::TakenTask> take_over() {
    return run_task(stores->leases().take_over({.limit = 10, .now = clock.now() + later}));
  }
  std::size_t event_count() { return events_of(user, core::events::stream_of(session.id)).size(); }

  const UserScope user = new_user();
  const Session session = new_session(user);
  Task task = begun(user, session);
  const Approval approval = new_approval();
  /// Than the clock of the test says.
  std::chrono::hours later{0};
};

CODELAB_OVER_EVERY_STORE(ApprovalStoreContract);

TEST_P(ApprovalStoreContract, GivesBackWhatWasRequested) {
  const auto events = event_count();
  ASSERT_TRUE(request(approval));
  EXPECT_EQ(base::encode(find(approval)), base::encode(approval));
  EXPECT_FALSE(request(approval)) << "the task is nobody's while it waits";
  EXPECT_EQ(event_count(), events + 1) << "it is told once";
  EXPECT_EQ(list().total, 1);
}

TEST_P(ApprovalStoreContract, IsResolvedOnce) {
  ASSERT_TRUE(request(approval));
  const auto events = event_count();
  ASSERT_TRUE(resolve(approval, ApprovalStatus::rejected));
  EXPECT_FALSE(resolve(approval));
  const Approval resolved = find(approval);
  EXPECT_EQ(resolved.status, ApprovalStatus::rejected);
  EXPECT_EQ(resolved.reason, "so");
  EXPECT_TRUE(resolved.resolved_at);
  EXPECT_EQ(event_count(), events + 1);
}

TEST_P(ApprovalStoreContract, ExpiresInItsTime) {
  ASSERT_TRUE(request(approval));
  later = std::chrono::hours(1);
  EXPECT_EQ(find(approval).status, ApprovalStatus::expired);
  EXPECT_FALSE(resolve(approval));
  EXPECT_EQ(list(ApprovalStatus::expired).items.size(), 1U);
  EXPECT_TRUE(list(ApprovalStatus::pending).items.empty());
}

TEST_P(ApprovalStoreContract, IsCancelledWithItsTask) {
  ASSERT_TRUE(request(approval));
  cancel_task();
  EXPECT_EQ(find(approval).status, ApprovalStatus::cancelled);
  EXPECT_FALSE(resolve(approval));
  EXPECT_FALSE(request(new_approval())) << "by a task that has ended";
  later = std::chrono::hours(2);
  EXPECT_EQ(find(approval).status, ApprovalStatus::cancelled);
}

TEST_P(ApprovalStoreContract, IsListedNewestFirstByStatus) {
  std::vector<Approval> all;
  for (int i = 0; i < 3; ++i) {
    task = begun(user, session);
    ASSERT_TRUE(request(all.emplace_back(new_approval())));
  }
  ASSERT_TRUE(resolve(all[1]));
  const auto pending = list(ApprovalStatus::pending, {.limit = 1});
  ASSERT_EQ(pending.items.size(), 1U);
  EXPECT_EQ(pending.items[0].id, all[2].id);
  EXPECT_EQ(pending.total, 2);
  const auto next = list(ApprovalStatus::pending, {.limit = 1, .cursor = pending.next_cursor});
  ASSERT_EQ(next.items.size(), 1U);
  EXPECT_EQ(next.items[0].id, all[0].id);
  EXPECT_EQ(list(ApprovalStatus::approved).items.size(), 1U);
}

TEST_P(ApprovalStoreContract, ATaskThatWaitsIsNobodysUntilThatIsDecided) {
  run_task(stores->leases().renew(std::chrono::seconds(60)));
  ASSERT_TRUE(request(approval));
  EXPECT_EQ(run_task(stores->tasks().find(user, task.id))->status, TaskStatus::queued);
  EXPECT_FALSE(run_task(stores->tasks().append(user, task, {})));
  EXPECT_TRUE(take_over().empty());
  stores->restart();
  run_task(stores->leases().renew(std::chrono::seconds(60)));
  EXPECT_TRUE(take_over().empty());
  ASSERT_TRUE(resolve(approval));
  const auto taken = take_over();
  ASSERT_EQ(taken.size(), 1);
  EXPECT_EQ(taken[0].task.id, task.id);
  EXPECT_EQ(taken[0].stalled, 0) << "it brought nobody down";
  EXPECT_TRUE(run_task(stores->tasks().append(user, task, {})));
}

TEST_P(ApprovalStoreContract, IsItsUsersOwn) {
  ASSERT_TRUE(request(approval));
  const UserScope other = new_user();
  EXPECT_FALSE(run_task(stores->approvals().find(other, approval.id, clock.now())));
  EXPECT_TRUE(run_task(stores->approvals().list(other, {}, {}, clock.now())).items.empty());
  EXPECT_FALSE(run_task(stores->approvals().resolve(other, approval, {.resolved_at = clock.now()}, {})));
  ASSERT_TRUE(run_task(stores->sessions().erase(user, session.id, clock.now())));
  EXPECT_TRUE(list().items.empty());
}

}  // namespace
}  // namespace codelab::tests
