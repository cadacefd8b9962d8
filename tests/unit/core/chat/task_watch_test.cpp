#include "core/chat/task_watch.hpp"

#include "tests/unit/core/events/stream_fixture.hpp"

namespace codelab::core::chat {
namespace {

using codelab::tests::event_of;
using codelab::tests::payloads;
using events::EventType;
using Clock = std::chrono::steady_clock;

class TaskWatchTest : public codelab::tests::StreamTest {
 protected:
  TaskWatch watch(TaskWatch::From from = TaskWatch::From::now, bool deltas = false,
                  events::Subscription::Bounds bounds = {}) {
    return {hub_, user_, stream_, task_, subscription({.task = task_, .deltas = deltas}, bounds), from, [this] {
              return found_in_store();
            }};
  }
  base::Task<base::Result<std::optional<TaskEnd>>> found_in_store() { co_return stored_; }
  void commit(EventType type, std::string_view payload = "{}") {
    auto event = event_of(payload, task_);
    event.type = type;
    log_.append(user_, stream_, std::move(event));
  }
  /// Two messages and the end, as a completed call leaves them.
  void commit_all() {
    commit(EventType::message_created, R"({"role":"user"})");
    commit(EventType::message_created, R"({"role":"assistant"})");
    commit(EventType::task_completed);
  }
  static Clock::time_point soon() { return Clock::now() + std::chrono::seconds{20}; }

  const base::TaskId task_ = base::TaskId::generate();
  /// What a look into the store finds.
  base::Result<std::optional<TaskEnd>> stored_ = std::optional<TaskEnd>();
};

TEST_F(TaskWatchTest, waits_for_the_end_and_keeps_the_answer) {
  auto watched = watch();
  const auto waiting = loop_.start(watched.wait(soon()));
  EXPECT_FALSE(waiting->ended());
  commit_all();
  loop_.run_until([&] { return waiting->ended(); });
  ASSERT_TRUE(watched.end());
  EXPECT_EQ(watched.end()->type, EventType::task_completed);
  EXPECT_EQ(watched.message()->payload(), R"({"role":"assistant"})");
  EXPECT_TRUE(watched.closed());
}

TEST_F(TaskWatchTest, every_way_to_end_is_an_end) {
  for (const auto type : {EventType::task_completed, EventType::task_failed, EventType::task_cancelled}) {
    auto watched = watch();
    commit(EventType::message_created);
    commit(type);
    loop_.run(watched.wait(soon()));
    ASSERT_TRUE(watched.end());
    EXPECT_EQ(watched.end()->type, type);
  }
}

TEST_F(TaskWatchTest, an_end_without_its_answer_is_looked_up) {
  TaskEnd end{.task = {.id = task_, .status = TaskStatus::completed}, .answer = Message{.content = "Hello"}};
  stored_ = std::optional(end);
  auto watched = watch();
  commit(EventType::message_created, R"({"role":"user"})");
  commit(EventType::task_started);
  commit(EventType::task_completed);
  loop_.run(watched.wait(soon()));
  EXPECT_FALSE(watched.end());
  ASSERT_TRUE(watched.found());
  EXPECT_EQ(watched.found()->answer->content, "Hello");
}

TEST_F(TaskWatchTest, other_tasks_do_not_concern_it) {
  auto watched = watch();
  auto other = event_of("{}", base::TaskId::generate());
  other.type = EventType::task_completed;
  log_.append(user_, stream_, std::move(other));
  const auto waiting = loop_.start(watched.wait(soon()));
  EXPECT_FALSE(waiting->ended());
  commit(EventType::task_failed);
  loop_.run_until([&] { return waiting->ended(); });
  ASSERT_TRUE(watched.end());
  EXPECT_EQ(watched.end()->type, EventType::task_failed);
}

TEST_F(TaskWatchTest, from_its_beginning_it_has_what_came_before) {
  commit_all();
  auto watched = watch(TaskWatch::From::its_beginning);
  loop_.run(watched.wait(soon()));
  ASSERT_TRUE(watched.end());
  EXPECT_EQ(watched.message()->payload(), R"({"role":"assistant"})");
}

TEST_F(TaskWatchTest, from_its_beginning_it_has_nothing_of_other_tasks) {
  commit_up_to(2);
  commit(EventType::message_created, R"({"role":"user"})");
  auto watched = watch(TaskWatch::From::its_beginning);
  EXPECT_EQ(payloads(loop_.run(watched.next(soon()))), std::vector<std::string>{R"({"role":"user"})"});
}

TEST_F(TaskWatchTest, an_end_that_nobody_tells_of_is_found_in_the_store) {
  for (const bool completed : {true, false}) {
    TaskEnd end{.task = {.id = task_, .status = completed ? TaskStatus::completed : TaskStatus::failed}, .answer = {}};
    if (completed) end.answer = Message{.content = "Hello"};
    stored_ = std::optional(end);
    auto watched = watch();
    hub_.events_missed(user_.user(), stream_, std::nullopt);
    loop_.run(watched.wait(soon()));
    EXPECT_TRUE(watched.closed());
    ASSERT_TRUE(watched.found());
    EXPECT_EQ(watched.found()->task.status, end.task.status);
    EXPECT_EQ(watched.found()->answer.has_value(), completed);
  }
}

TEST_F(TaskWatchTest, a_login_that_has_ended_elsewhere_ends_it) {
  auto watched = watch();
  stored_ = base::make_error(base::ErrorCode::token_invalid, "this login has ended");
  hub_.access_changed(user_.user());
  loop_.run(watched.wait(soon()));
  EXPECT_TRUE(watched.closed());
  ASSERT_TRUE(watched.refusal());
  EXPECT_EQ(watched.refusal()->code, base::ErrorCode::token_invalid);
}

TEST_F(TaskWatchTest, a_task_that_runs_on_is_watched_on) {
  auto watched = watch();
  hub_.events_missed(user_.user(), stream_, std::nullopt);
  const auto waiting = loop_.start(watched.wait(soon()));
  loop_.settle();
  EXPECT_FALSE(waiting->ended());
  commit_all();
  loop_.run_until([&] { return waiting->ended(); });
  EXPECT_TRUE(watched.end());
}

TEST_F(TaskWatchTest, an_event_that_comes_twice_is_told_once) {
  auto watched = watch();
  commit(EventType::message_created, R"({"role":"user"})");
  hub_.event_arrived(log_.events(user_, stream_).front());
  EXPECT_EQ(loop_.run(watched.next(soon())).size(), 1);
}

TEST_F(TaskWatchTest, texts_that_grow_are_for_those_who_stream) {
  const auto message = base::MessageId::generate();
  hub_.begin_text(user_, stream_, task_, "coder", message);
  hub_.append_text(user_, stream_, message, "Hello");
  auto streaming = watch(TaskWatch::From::its_beginning, true);
  auto waiting = watch(TaskWatch::From::its_beginning, false);
  EXPECT_EQ(loop_.run(streaming.next(soon())).size(), 1);
  EXPECT_TRUE(loop_.run(waiting.next(Clock::now())).empty());
}

TEST_F(TaskWatchTest, a_deadline_ends_the_wait_and_not_the_watch) {
  auto watched = watch();
  loop_.run(watched.wait(Clock::now()));
  EXPECT_FALSE(watched.end());
  EXPECT_FALSE(watched.closed());
  commit_all();
  loop_.run(watched.wait(soon()));
  EXPECT_TRUE(watched.end());
}

TEST_F(TaskWatchTest, a_login_that_ends_closes_it_without_an_end) {
  auto watched = watch();
  const auto waiting = loop_.start(watched.wait(soon()));
  hub_.close_login(user_.user(), login_);
  loop_.run_until([&] { return waiting->ended(); });
  EXPECT_TRUE(watched.closed());
  EXPECT_FALSE(watched.end());
}

TEST_F(TaskWatchTest, one_that_fell_behind_is_closed_without_an_end) {
  auto watched = watch(TaskWatch::From::now, false, {.lines = 1});
  commit_all();
  loop_.run(watched.wait(soon()));
  EXPECT_TRUE(watched.closed());
  EXPECT_FALSE(watched.end());
}

}  // namespace
}  // namespace codelab::core::chat
