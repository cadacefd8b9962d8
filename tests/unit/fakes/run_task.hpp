#pragma once

#include <chrono>
#include <exception>
#include <optional>
#include <stdexcept>
#include <type_traits>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include "base/task.hpp"

namespace codelab::tests {

inline constexpr std::chrono::seconds kWatchdog{20};

/// Runs `task` to its end on a loop of its own and returns its result or throws its exception. Throws
/// std::runtime_error when that takes longer than the watchdog allows.
template <class T>
T run_task(base::Task<T> task) {
  boost::asio::io_context loop(1);
  std::exception_ptr failure;
  bool ended = false;
  if constexpr (std::is_void_v<T>) {
    boost::asio::co_spawn(loop, std::move(task), [&](std::exception_ptr thrown) {
      failure = std::move(thrown);
      ended = true;
    });
    loop.run_for(kWatchdog);
    if (!ended) throw std::runtime_error("the watchdog bit");
    if (failure) std::rethrow_exception(failure);
  } else {
    std::optional<T> result;
    // Unlike co_spawn's own, this result need not be default-constructible.
    constexpr auto kKeep = [](base::Task<T> each, std::optional<T>& kept) -> base::Task<> {
      kept.emplace(co_await std::move(each));
    };
    boost::asio::co_spawn(loop, kKeep(std::move(task), result), [&](std::exception_ptr thrown) {
      failure = std::move(thrown);
      ended = true;
    });
    loop.run_for(kWatchdog);
    if (!ended) throw std::runtime_error("the watchdog bit");
    if (failure) std::rethrow_exception(failure);
    return std::move(*result);
  }
}

}  // namespace codelab::tests
