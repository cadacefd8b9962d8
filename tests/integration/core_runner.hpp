#pragma once

#include <cstdio>
#include <cstdlib>
#include <future>
#include <optional>
#include <type_traits>
#include <utility>

#include <boost/asio/co_spawn.hpp>

#include "base/cores.hpp"
#include "base/task.hpp"
#include "tests/contract/run_task.hpp"

namespace codelab::tests {

/// Running cores for tests of what lives on them.
class CoreRunner {
 public:
  explicit CoreRunner(std::size_t cores = 1) : cores_(cores) { cores_.start(); }
  ~CoreRunner() { cores_.stop(); }

  base::Cores& cores() { return cores_; }

  /// Runs `task` on a core to its end and returns its result or throws its exception; ends the process when it hangs.
  template <class T>
  T run(base::Task<T> task, std::size_t core = 0) {
    return start(std::move(task), core).take();
  }

  template <class T>
  class Running {
   public:
    explicit Running(std::future<T> result) : result_(std::move(result)) {}
    bool ended() const { return result_.wait_for(std::chrono::seconds(0)) == std::future_status::ready; }
    T take() {
      if (result_.wait_for(kWatchdog) != std::future_status::ready) {
        std::fputs("watchdog: a task of this test hangs\n", stderr);
        std::abort();
      }
      return result_.get();
    }

   private:
    std::future<T> result_;
  };

  /// Begins `task` on a core.
  template <class T>
  Running<T> start(base::Task<T> task, std::size_t core = 0) {
    auto promise = std::make_shared<std::promise<T>>();
    Running<T> running(promise->get_future());
    boost::asio::co_spawn(cores_.executor(core), kept(std::move(task), promise), [](std::exception_ptr) {});
    return running;
  }

 private:
  template <class T>
  static base::Task<> kept(base::Task<T> task, std::shared_ptr<std::promise<T>> promise) {
    try {
      if constexpr (std::is_void_v<T>) {
        co_await std::move(task);
        promise->set_value();
      } else {
        promise->set_value(co_await std::move(task));
      }
    } catch (...) {
      promise->set_exception(std::current_exception());
    }
  }

  base::Cores cores_;
};

}  // namespace codelab::tests
