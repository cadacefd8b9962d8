#pragma once

#include <utility>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/task.hpp"

namespace codelab::base {

/// Awaits `task` on another executor. Whoever waits is not cancelled meanwhile, for a cancellation across threads is
/// not safe in this Asio: the task must end by itself.
template <class T>
Task<T> elsewhere(Executor executor, Task<T> task) {
  auto token = boost::asio::bind_cancellation_slot(boost::asio::cancellation_slot(), boost::asio::use_awaitable);
  co_return co_await boost::asio::co_spawn(executor, std::move(task), token);
}

}  // namespace codelab::base
