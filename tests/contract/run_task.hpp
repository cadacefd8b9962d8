#pragma once

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include "base/task.hpp"

namespace codelab::tests {

/// Longer than any test needs, sanitizers and a busy machine included.
inline constexpr std::chrono::seconds kWatchdog{60};

/// An io_context for one test at a time, never destroyed before the process ends: whoever resumed its last task may
/// still be on the way out of it.
class BorrowedContext {
 public:
  BorrowedContext() {
    const std::lock_guard lock(shelf().mutex);
    if (shelf().idle.empty()) {
      context_ = std::make_unique<boost::asio::io_context>();
    } else {
      context_ = std::move(shelf().idle.back());
      shelf().idle.pop_back();
      context_->restart();
    }
  }
  ~BorrowedContext() {
    const std::lock_guard lock(shelf().mutex);
    shelf().idle.push_back(std::move(context_));
  }
  BorrowedContext(const BorrowedContext&) = delete;
  BorrowedContext& operator=(const BorrowedContext&) = delete;

  boost::asio::io_context& get() { return *context_; }

 private:
  struct Shelf {
    std::mutex mutex;
    std::vector<std::unique_ptr<boost::asio::io_context>> idle;
  };
  static Shelf& shelf() {
    static Shelf only;
    return only;
  }

  std::unique_ptr<boost::asio::io_context> context_;
};

/// Runs the tasks side by side on this thread until all have ended, and throws what the first of them threw. Ends the
/// process when they hang: what they wait for would come back to a dead io_context.
inline void run_tasks(std::vector<base::Task<>> tasks) {
  BorrowedContext borrowed;
  auto& context = borrowed.get();
  std::size_t running = tasks.size();
  std::exception_ptr failure;
  for (auto& task : tasks) {
    boost::asio::co_spawn(context, std::move(task), [&](std::exception_ptr thrown) {
      --running;
      if (thrown && !failure) failure = thrown;
    });
  }
  context.run_for(kWatchdog);
  if (running > 0) {
    std::fputs("watchdog: a task of this test hangs\n", stderr);
    std::abort();
  }
  if (failure) std::rethrow_exception(failure);
}

template <class T>
base::Task<> keep_result(base::Task<T> task, std::optional<T>& out) {
  out.emplace(co_await std::move(task));
}

template <class T>
T run_task(base::Task<T> task) {
  std::optional<T> result;
  std::vector<base::Task<>> tasks;
  tasks.push_back(keep_result(std::move(task), result));
  run_tasks(std::move(tasks));
  return std::move(*result);
}

inline void run_task(base::Task<> task) {
  std::vector<base::Task<>> tasks;
  tasks.push_back(std::move(task));
  run_tasks(std::move(tasks));
}

}  // namespace codelab::tests
