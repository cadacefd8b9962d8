#pragma once

#include <utility>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/task.hpp"

namespace codelab::base {

/// Awaits `task`, which runs on `executor`; the caller goes on on its own. A cancellation of the caller does not reach
/// the task: across threads that is not safe in this Asio. So the task has a deadline of its own.
template <class T>
Task<T> elsewhere(Executor executor, Task<T> task) {
  namespace asio = boost::asio;
  auto token = asio::bind_cancellation_slot(asio::cancellation_slot(), asio::use_awaitable);
  co_return co_await asio::co_spawn(executor, std::move(task), token);
}

}  // namespace codelab::base
