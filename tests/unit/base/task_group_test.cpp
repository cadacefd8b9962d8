#include "base/task_group.hpp"

#include <chrono>
#include <future>
#include <memory>
#include <stdexcept>
#include <vector>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <gtest/gtest.h>

namespace codelab::base {
namespace {

namespace asio = boost::asio;
using std::chrono::milliseconds;

constexpr std::chrono::seconds kWatchdog{20};

/// What a test holds a task at. Cancelling the timer lets the task go on.
struct Gate {
  explicit Gate(asio::io_context& loop) : timer(loop, asio::steady_timer::time_point::max()) {}
  asio::steady_timer timer;
};

Task<> count_up(int& counter) {
  ++counter;
  co_return;
}

Task<> pass(Gate& gate, int& passed) {
  co_await gate.timer.async_wait(asio::as_tuple(asio::use_awaitable));
  ++passed;
}

Task<> fail() {
  throw std::runtime_error("a task's own failure");
  co_return;
}

/// Notes whether it was cancelled and takes one more turn to clean up.
Task<> clean_up_when_cancelled(Gate& gate, bool& cancelled, bool& cleaned) {
  const auto [error] = co_await gate.timer.async_wait(asio::as_tuple(asio::use_awaitable));
  cancelled = error == asio::error::operation_aborted;
  co_await asio::this_coro::reset_cancellation_state();
  const Executor executor = co_await asio::this_coro::executor;
  co_await asio::post(executor, asio::use_awaitable);
  cleaned = true;
}

Task<> wait_forever(Gate& gate) { co_await gate.timer.async_wait(asio::use_awaitable); }

struct TaskGroupTest : testing::Test {
  /// Runs what is ready, waits for nothing.
  void run_ready() {
    loop.restart();
    loop.poll();
  }

  asio::io_context loop{1};
  TaskGroup group{"test"};
};

TEST_F(TaskGroupTest, a_task_runs_and_is_forgotten) {
  int counter = 0;
  EXPECT_TRUE(group.spawn(loop.get_executor(), count_up(counter)));
  EXPECT_EQ(counter, 0) << "not on this thread's loop";
  EXPECT_EQ(group.size(), 1);
  run_ready();
  EXPECT_EQ(counter, 1);
  EXPECT_EQ(group.size(), 0);
  EXPECT_TRUE(group.drain(milliseconds{0}));
}

TEST_F(TaskGroupTest, on_its_own_executor_a_task_begins_before_spawn_returns) {
  int counter = 0;
  asio::post(loop, [&] {
    group.spawn(loop.get_executor(), count_up(counter));
    EXPECT_EQ(counter, 1);
  });
  run_ready();
  EXPECT_EQ(counter, 1);
}

TEST_F(TaskGroupTest, drain_waits_for_the_last_one) {
  Gate first(loop);
  Gate second(loop);
  int passed = 0;
  group.spawn(loop.get_executor(), pass(first, passed));
  group.spawn(loop.get_executor(), pass(second, passed));
  run_ready();
  EXPECT_FALSE(group.drain(milliseconds{0}));
  second.timer.cancel();
  run_ready();
  EXPECT_EQ(passed, 1);
  EXPECT_FALSE(group.drain(milliseconds{0}));
  auto drained = std::async(std::launch::async, [&] { return group.drain(kWatchdog); });
  first.timer.cancel();
  run_ready();
  EXPECT_TRUE(drained.get());
  EXPECT_EQ(passed, 2);
}

TEST_F(TaskGroupTest, a_failure_ends_its_own_task_and_no_other) {
  Gate gate(loop);
  int passed = 0;
  group.spawn(loop.get_executor(), pass(gate, passed));
  testing::internal::CaptureStderr();
  group.spawn(loop.get_executor(), fail());
  run_ready();
  testing::internal::GetCapturedStderr();
  EXPECT_EQ(group.size(), 1);
  gate.timer.cancel();
  run_ready();
  EXPECT_EQ(passed, 1);
  int counter = 0;
  EXPECT_TRUE(group.spawn(loop.get_executor(), count_up(counter)));
  run_ready();
  EXPECT_EQ(counter, 1);
}

TEST_F(TaskGroupTest, cancel_reaches_every_task_on_its_executor_and_lets_it_clean_up) {
  Gate gate(loop);
  bool cancelled = false;
  bool cleaned = false;
  group.spawn(loop.get_executor(), clean_up_when_cancelled(gate, cancelled, cleaned));
  Gate other(loop);
  group.spawn(loop.get_executor(), wait_forever(other));
  run_ready();
  group.cancel();
  EXPECT_FALSE(cancelled) << "before its loop turns";
  EXPECT_EQ(group.size(), 2);
  run_ready();
  EXPECT_TRUE(cancelled);
  EXPECT_TRUE(cleaned);
  EXPECT_TRUE(group.drain(milliseconds{0}));
}

TEST_F(TaskGroupTest, after_cancel_nothing_is_started) {
  group.cancel();
  int counter = 0;
  EXPECT_FALSE(group.spawn(loop.get_executor(), count_up(counter)));
  run_ready();
  EXPECT_EQ(counter, 0);
  EXPECT_TRUE(group.drain(milliseconds{0}));
}

TEST_F(TaskGroupTest, tasks_of_several_loops_are_drained_together) {
  asio::io_context elsewhere(1);
  int counter = 0;
  group.spawn(loop.get_executor(), count_up(counter));
  group.spawn(elsewhere.get_executor(), count_up(counter));
  run_ready();
  EXPECT_FALSE(group.drain(milliseconds{0}));
  elsewhere.poll();
  EXPECT_TRUE(group.drain(milliseconds{0}));
  EXPECT_EQ(counter, 2);
}

TEST_F(TaskGroupTest, what_its_tasks_still_do_may_outlive_the_group) {
  Gate gate(loop);
  int passed = 0;
  auto short_lived = std::make_unique<TaskGroup>("short");
  short_lived->spawn(loop.get_executor(), pass(gate, passed));
  run_ready();
  short_lived.reset();
  gate.timer.cancel();
  run_ready();
  EXPECT_EQ(passed, 1);
}

}  // namespace
}  // namespace codelab::base
