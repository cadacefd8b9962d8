#pragma once

#include <chrono>
#include <exception>
#include <memory>
#include <optional>
#include <stdexcept>
#include <type_traits>
#include <utility>
#include <variant>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>

#include "base/cores.hpp"
#include "base/task.hpp"

namespace codelab::tests {

/// A core that a test runs by hand, on its own thread: nothing happens between its calls. Declare it behind whatever
/// its coroutines use: those that wait for ever are destroyed with it.
class HandLoop {
 public:
  template <class T>
  class Started {
   public:
    bool ended() const { return ended_; }
    /// Throws what the coroutine threw.
    T take() {
      if (failure_) std::rethrow_exception(failure_);
      if constexpr (!std::is_void_v<T>) return std::move(*result_);
    }
    void cancel() { signal_.emit(boost::asio::cancellation_type::terminal); }

   private:
    friend class HandLoop;
    using Kept = std::conditional_t<std::is_void_v<T>, std::monostate, T>;

    std::optional<Kept> result_;
    std::exception_ptr failure_;
    bool ended_ = false;
    boost::asio::cancellation_signal signal_;
  };

  base::Cores& cores() { return cores_; }
  base::Executor executor() { return cores_.executor(0); }

  /// Runs `task` until it has to wait.
  template <class T>
  std::shared_ptr<Started<T>> start(base::Task<T> task) {
    auto started = std::make_shared<Started<T>>();
    auto on_end = [started](std::exception_ptr failure) {
      started->failure_ = std::move(failure);
      started->ended_ = true;
    };
    boost::asio::co_spawn(executor(), keep(std::move(task), started),
                          boost::asio::bind_cancellation_slot(started->signal_.slot(), std::move(on_end)));
    settle();
    return started;
  }

  /// Runs whatever can run now.
  void settle() {
    while (cores_.context(0).poll() > 0) {
    }
  }

  /// Runs until `task` has ended, and returns its result or throws its exception.
  template <class T>
  T run(base::Task<T> task) {
    auto started = start(std::move(task));
    run_until([&] { return started->ended(); });
    return started->take();
  }

  template <class Condition>
  void run_until(Condition condition) {
    const auto watchdog = std::chrono::steady_clock::now() + std::chrono::seconds{20};
    while (!condition()) {
      if (std::chrono::steady_clock::now() > watchdog) throw std::runtime_error("the watchdog bit");
      cores_.context(0).run_one_for(std::chrono::milliseconds{100});
    }
  }

 private:
  template <class T>
  static base::Task<> keep(base::Task<T> task, std::shared_ptr<Started<T>> started) {
    if constexpr (std::is_void_v<T>) {
      co_await std::move(task);
    } else {
      started->result_.emplace(co_await std::move(task));
    }
  }

  base::Cores cores_{1};
};

}  // namespace codelab::tests
