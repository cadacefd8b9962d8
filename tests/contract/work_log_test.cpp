#include <gtest/gtest.h>

#include "base/describe/encode.hpp"
#include "tests/contract/stores.hpp"

namespace codelab::tests {
namespace {

using core::chat::Session;
using core::chat::Task;
using core::chat::TaskKind;
using core::chat::TaskStatus;
using core::identity::UserScope;
using core::work::Recorded;
using core::work::RecordedPart;
using core::work::WorkRecord;

class WorkLogContract : public StoreContract {
 protected:
  Task step_of(const Task& task, TaskStatus status = TaskStatus::running) {
    return {.id = base::TaskId::generate(),
            .session_id = task.session_id,
            .agent_id = base::AgentId::generate(),
            .agent_name = "coder",
            .status = status,
            .request_message_id = base::MessageId::generate(),
            .created_at = clock.now(),
            .started_at = clock.now(),
            .kind = TaskKind::step,
            .parent_id = task.id};
  }
  Recorded recorded(const Task& of, WorkRecord record) {
    return run_task(stores->work_log().record(user, of, std::move(record)));
  }
  bool record(const Task& of, WorkRecord record) { return recorded(of, std::move(record)) == Recorded::yes; }
  /// What the session's log says of the end of `step`.
  std::vector<core::events::EventType> ends_told_of(const Task& step) {
    std::vector<core::events::EventType> ends;
    for (const auto& event : events_of(user, core::events::stream_of(session.id))) {
      if (event.body.task == step.id) ends.push_back(event.body.type);
    }
    return ends;
  }
  std::vector<std::string> contents(const Task& of) {
    std::vector<std::string> contents;
    for (const RecordedPart& part : run_task(stores->work_log().of_task(user, of.id))) {
      contents.push_back(std::to_string(part.turn) + "." + std::to_string(part.call) + " " + part.content);
    }
    return contents;
  }
  Task stored(const Task& task) { return run_task(stores->tasks().find(user, task.id)).value(); }
  std::size_t event_count() { return events_of(user, core::events::stream_of(session.id)).size(); }

  const UserScope user = new_user();
  const Session session = new_session(user);
  const Task task = begun(user, session);
};

CODELAB_OVER_EVERY_STORE(WorkLogContract);

TEST_P(WorkLogContract, GivesPartsBackInTheirOrder) {
  const auto events = event_count();
  ASSERT_TRUE(record(task, {.parts = {{.turn = 1, .content = "first"}, {.turn = 1, .call = 2, .content = "b"}}}));
  ASSERT_TRUE(record(task, {.parts = {{.turn = 1, .call = 1, .content = "a"}},
                            .events = {{.type = core::events::EventType::tool_result, .task = task.id}}}));
  EXPECT_EQ(contents(task), (std::vector<std::string>{"1.0 first", "1.1 a", "1.2 b"}));
  EXPECT_EQ(event_count(), events + 1);
  stores->restart();
  EXPECT_EQ(contents(task).size(), 3U);
}

TEST_P(WorkLogContract, WhatIsRecordedStays) {
  ASSERT_TRUE(record(task, {.parts = {{.turn = 1, .content = "first"}}}));
  ASSERT_TRUE(record(task, {.parts = {{.turn = 1, .content = "another"}}}));
  EXPECT_EQ(contents(task), std::vector<std::string>{"1.0 first"});
}

TEST_P(WorkLogContract, StepsBeginAndEnd) {
  Task step = step_of(task);
  ASSERT_TRUE(record(task, {.step = step}));
  EXPECT_EQ(base::encode(stored(step)), base::encode(step));
  EXPECT_TRUE(record(step, {.parts = {{.turn = 1, .content = "of the step"}}}));
  step.status = TaskStatus::completed;
  step.completed_at = clock.now();
  ASSERT_TRUE(record(task, {.step = step}));
  EXPECT_EQ(base::encode(stored(step)), base::encode(step));
  EXPECT_FALSE(record(step, {.parts = {{.turn = 2, .content = "too late"}}}));
}

TEST_P(WorkLogContract, NothingIsRecordedOfATaskThatHasEnded) {
  Task ended = task;
  ended.status = TaskStatus::failed;
  ended.completed_at = clock.now();
  ASSERT_TRUE(run_task(stores->tasks().end(user, ended, {})));
  const auto events = event_count();
  EXPECT_FALSE(record(task, {.parts = {{.turn = 1, .content = "x"}},
                             .events = {{.type = core::events::EventType::tool_result, .task = task.id}}}));
  EXPECT_TRUE(contents(task).empty());
  EXPECT_EQ(event_count(), events);
}

TEST_P(WorkLogContract, NothingIsRecordedByAProcessThatLostTheTask) {
  const auto other = new_user();
  EXPECT_EQ(run_task(stores->work_log().record(other, task, {.parts = {{.turn = 1, .content = "x"}}})), Recorded::gone);
  EXPECT_TRUE(run_task(stores->work_log().of_task(other, task.id)).empty());
  stores->restart();
  EXPECT_FALSE(record(task, {.parts = {{.turn = 1, .content = "x"}}}));
}

TEST_P(WorkLogContract, StepsAndTheirStepsEndWithTheirTask) {
  const Task step = step_of(task);
  const Task below = step_of(step);
  const Task done = step_of(task, TaskStatus::completed);
  for (const Task& each : {step, below, done}) ASSERT_TRUE(record(task, {.step = each}));
  Task ended = task;
  ended.status = TaskStatus::failed;
  ended.completed_at = clock.now();
  ASSERT_TRUE(run_task(stores->tasks().end(user, ended, {})));
  for (const Task& each : {step, below}) {
    EXPECT_EQ(stored(each).status, TaskStatus::cancelled);
    EXPECT_EQ(stored(each).completed_at, ended.completed_at);
    EXPECT_EQ(stored(each).error.value().code, "cancelled");
    EXPECT_EQ(ends_told_of(each), std::vector{core::events::EventType::task_cancelled});
  }
  EXPECT_TRUE(ends_told_of(done).empty()) << "it had ended before";
  EXPECT_EQ(stored(done).status, TaskStatus::completed);
}

TEST_P(WorkLogContract, WhatAStepHadOthersDoEndsWithIt) {
  Task step = step_of(task);
  const Task below = step_of(step);
  for (const Task& each : {step, below}) ASSERT_TRUE(record(task, {.step = each}));
  step.status = TaskStatus::failed;
  step.completed_at = clock.now();
  ASSERT_TRUE(record(task, {.step = step}));
  EXPECT_EQ(stored(below).status, TaskStatus::cancelled);
  EXPECT_EQ(ends_told_of(below), std::vector{core::events::EventType::task_cancelled});
  EXPECT_EQ(stored(task).status, task.status);
}

TEST_P(WorkLogContract, AStepThatItsUserHasCancelledStaysSo) {
  const Task step = step_of(task);
  ASSERT_TRUE(record(task, {.step = step}));
  Task cancelled = step;
  cancelled.status = TaskStatus::cancelled;
  cancelled.completed_at = clock.now();
  cancelled.error = {.code = "cancelled", .detail = "no more"};
  ASSERT_TRUE(run_task(stores->tasks().cancel(user, cancelled, {})));
  Task answered = step;
  answered.status = TaskStatus::completed;
  answered.completed_at = clock.now();
  const auto events = event_count();
  EXPECT_EQ(recorded(task, {.parts = {{.turn = 1, .call = 1, .content = "an answer"}},
                            .step = answered,
                            .events = {{.type = core::events::EventType::task_completed, .task = step.id}}}),
            Recorded::step_ended);
  EXPECT_EQ(base::encode(stored(step)), base::encode(cancelled));
  EXPECT_TRUE(contents(task).empty());
  EXPECT_EQ(event_count(), events);
}

TEST_P(WorkLogContract, CancellingATaskEndsAllBelow) {
  const Task step = step_of(task);
  const Task below = step_of(step);
  for (const Task& each : {step, below}) ASSERT_TRUE(record(task, {.step = each}));
  Task cancelled = task;
  cancelled.status = TaskStatus::cancelled;
  cancelled.completed_at = clock.now();
  cancelled.error = {.code = "cancelled", .detail = "no more"};
  ASSERT_TRUE(run_task(stores->tasks().cancel(user, cancelled, {})));
  EXPECT_EQ(stored(below).status, TaskStatus::cancelled);
  EXPECT_EQ(stored(below).error.value().detail, "no more");
}

}  // namespace
}  // namespace codelab::tests
