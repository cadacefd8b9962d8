#include "core/chat/cancellation.hpp"

#include <stdexcept>

#include "core/chat/until_ended.hpp"
#include "tests/unit/core/chat/chat_fixture.hpp"
#include "tests/unit/fakes/gate.hpp"

namespace codelab::core::chat {
namespace {

class CancellationTest : public codelab::tests::ChatTest {
 protected:
  Task begun() {
    Task task{.id = base::TaskId::generate(), .session_id = session_.id, .status = TaskStatus::running};
    EXPECT_TRUE(loop_.run(tasks_.begin(user_, {.message = {.session_id = session_.id}, .task = task})));
    return task;
  }
  /// Waits at the gate, and says so when it came through.
  base::Task<> wait() {
    co_await gate_.pass();
    passed_ = true;
  }
  auto work_on(const Task& task) { return loop_.start(until_ended(tasks_, user_, running_.hold(task.id), wait())); }
  base::Result<Task> cancel(const Task& task) { return loop_.run(cancellation_.cancel(user_, task.id)); }

  tests::Gate gate_{false};
  bool passed_ = false;
  Cancellation cancellation_{tasks_, running_, clock_};
};

TEST_F(CancellationTest, a_task_that_is_cancelled_is_over_and_its_work_stops) {
  const Task task = begun();
  const auto working = work_on(task);
  const auto cancelled = cancel(task);
  ASSERT_TRUE(cancelled);
  EXPECT_EQ(cancelled->status, TaskStatus::cancelled);
  EXPECT_EQ(cancelled->error.value().code, "cancelled");
  loop_.run_until([&] { return working->ended(); });
  EXPECT_FALSE(passed_);
  EXPECT_EQ(event_types().back(), EventType::task_cancelled);
  EXPECT_TRUE(running_.all().empty());
}

TEST_F(CancellationTest, cancelling_again_changes_nothing) {
  const Task task = begun();
  ASSERT_TRUE(cancel(task));
  const auto told = events().size();
  EXPECT_TRUE(cancel(task));
  EXPECT_EQ(events().size(), told);
}

TEST_F(CancellationTest, what_has_ended_otherwise_is_not_cancelled) {
  Task task = begun();
  task.status = TaskStatus::failed;
  ASSERT_TRUE(loop_.run(tasks_.end(user_, task, {})));
  const auto refused = cancel(task);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, base::ErrorCode::state_conflict);
  Task nobodys = task;
  nobodys.id = base::TaskId::generate();
  EXPECT_EQ(cancel(nobodys).error().code, base::ErrorCode::not_found);
}

TEST_F(CancellationTest, work_that_nobody_ends_is_done) {
  const auto working = work_on(begun());
  gate_.open();
  loop_.run_until([&] { return working->ended(); });
  EXPECT_TRUE(passed_);
}

TEST_F(CancellationTest, what_work_throws_comes_through) {
  const Task task = begun();
  const auto broken = [&]() -> base::Task<> {
    co_await gate_.pass();
    throw std::runtime_error("broken");
  };
  const auto working = loop_.start(until_ended(tasks_, user_, running_.hold(task.id), broken()));
  gate_.open();
  loop_.run_until([&] { return working->ended(); });
  EXPECT_THROW(working->take(), std::runtime_error);
}

}  // namespace
}  // namespace codelab::core::chat
