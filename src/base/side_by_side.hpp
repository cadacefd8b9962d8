#pragma once

#include <exception>
#include <utility>
#include <vector>

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/multiple_exceptions.hpp>

#include "base/task.hpp"

namespace codelab::base {

/// Awaits all of `tasks` at the same time, on one executor. When one throws the others are cancelled; throws what the
/// first of them threw.
inline Task<> side_by_side(std::vector<Task<>> tasks) {
  using boost::asio::experimental::awaitable_operators::operator&&;
  if (tasks.empty()) co_return;
  Task<> last = std::move(tasks.back());
  tasks.pop_back();
  if (tasks.empty()) co_return co_await std::move(last);
  try {
    co_await (side_by_side(std::move(tasks)) && std::move(last));
  } catch (const boost::asio::multiple_exceptions& several) {
    std::rethrow_exception(several.first_exception());
  }
}

}  // namespace codelab::base
