#include "base/offload.hpp"

#include <future>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include "tests/contract/run_task.hpp"

namespace codelab::base {
namespace {

namespace asio = boost::asio;

struct Threads {
  std::thread::id worker;
  std::thread::id before;
  std::thread::id after;
};

Task<Threads> where_it_runs(asio::thread_pool& pool) {
  Threads seen{.before = std::this_thread::get_id()};
  seen.worker = co_await offload(pool, &std::this_thread::get_id);
  seen.after = std::this_thread::get_id();
  co_return seen;
}

struct MakeText {
  std::unique_ptr<std::string> text;
  std::unique_ptr<std::string> operator()() { return std::move(text); }
};

struct Throw {
  int operator()() const { throw std::runtime_error("the work's own failure"); }
};

/// Blocks its thread until the test lets it go on.
struct Block {
  std::promise<void>* started;
  std::shared_future<void> go_on;
  int operator()() const {
    started->set_value();
    go_on.wait_for(tests::kWatchdog);
    return 7;
  }
};

Task<> keep_result(asio::thread_pool& pool, Block work, int& result) {
  result = co_await offload(pool, std::move(work));
}

Task<> count_turns(int& turns) {
  const Executor executor = co_await asio::this_coro::executor;
  for (int i = 0; i < 3; ++i) {
    co_await asio::post(executor, asio::use_awaitable);
    ++turns;
  }
}

struct OffloadTest : testing::Test {
  ~OffloadTest() override { pool.join(); }

  asio::thread_pool pool{1};
  asio::io_context loop{1};
};

TEST_F(OffloadTest, work_runs_on_the_pool_and_its_caller_goes_on_where_it_was) {
  const Threads seen = tests::run_task(where_it_runs(pool));
  EXPECT_EQ(seen.before, std::this_thread::get_id());
  EXPECT_EQ(seen.after, std::this_thread::get_id());
  EXPECT_NE(seen.worker, std::this_thread::get_id());
}

TEST_F(OffloadTest, a_result_that_only_moves_arrives) {
  auto text = tests::run_task(offload(pool, MakeText{std::make_unique<std::string>("made")}));
  EXPECT_EQ(*text, "made");
}

TEST_F(OffloadTest, an_exception_arrives_at_the_caller) {
  try {
    tests::run_task(offload(pool, Throw{}));
    FAIL() << "nothing was thrown";
  } catch (const std::runtime_error& failure) {
    EXPECT_STREQ(failure.what(), "the work's own failure");
  }
}

TEST_F(OffloadTest, the_loop_turns_while_the_work_blocks_and_does_not_end_before_it) {
  std::promise<void> started;
  std::promise<void> go_on;
  int result = 0;
  int turns = 0;
  asio::co_spawn(loop, keep_result(pool, {&started, go_on.get_future().share()}, result), asio::detached);
  asio::co_spawn(loop, count_turns(turns), asio::detached);
  loop.poll();
  EXPECT_EQ(turns, 3);
  EXPECT_EQ(result, 0);
  EXPECT_FALSE(loop.stopped()) << "the work that is out keeps the loop alive";
  go_on.set_value();
  loop.run_for(tests::kWatchdog);
  EXPECT_EQ(result, 7);
}

TEST_F(OffloadTest, a_cancellation_does_not_lose_the_work_that_runs) {
  std::promise<void> started;
  std::promise<void> go_on;
  asio::cancellation_signal signal;
  int result = 0;
  bool ended = false;
  asio::co_spawn(loop, keep_result(pool, {&started, go_on.get_future().share()}, result),
                 asio::bind_cancellation_slot(signal.slot(), [&](const std::exception_ptr&) { ended = true; }));
  loop.poll();
  started.get_future().wait();
  signal.emit(asio::cancellation_type::terminal);
  loop.poll();
  EXPECT_FALSE(ended);
  go_on.set_value();
  loop.run_for(tests::kWatchdog);
  EXPECT_TRUE(ended);
  EXPECT_EQ(result, 7);
}

}  // namespace
}  // namespace codelab::base
