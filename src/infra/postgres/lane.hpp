#pragma once

#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/store_error.hpp"
#include "base/task.hpp"
#include "base/task_group.hpp"
#include "infra/postgres/pool.hpp"

namespace codelab::infra::postgres {

/// The connections of one core: some for transactions, one user each, and at least two that carry many reads at once.
struct Lane {
  base::Executor executor;
  std::shared_ptr<Pool> transactions;
  std::shared_ptr<Pool> reads;
};

template <class Value>
using Finish = std::move_only_function<void(std::exception_ptr, std::optional<Value>)>;

/// Runs `task` and tells its end; `owner` lives as long.
template <class Value>
base::Task<> run_and_tell([[maybe_unused]] std::shared_ptr<void> owner, base::Task<Value> task,
                          std::shared_ptr<Finish<Value>> finish) {
  std::exception_ptr failure;
  std::optional<Value> value;
  try {
    auto result = co_await std::move(task);
    value.emplace(std::move(result));
  } catch (...) {
    failure = std::current_exception();
  }
  (*finish)(std::move(failure), std::move(value));
}

/// Runs `task` on `executor`, whichever the caller's is, and resumes the caller on its own with the task's value or
/// exception. A cancellation of the caller does not interrupt the task. Throws base::StoreError when `group` takes no
/// more tasks.
template <class Value>
base::Task<Value> run_on(base::TaskGroup& group, base::Executor executor, std::shared_ptr<void> owner,
                         base::Task<Value> task) {
  auto initiate = [&group, executor, owner = std::move(owner)](auto handler, base::Task<Value> work) mutable {
    auto guard = boost::asio::make_work_guard(boost::asio::get_associated_executor(handler));
    auto finish = [guard = std::move(guard), handler = std::move(handler)](std::exception_ptr failure,
                                                                           std::optional<Value> value) mutable {
      const auto caller = guard.get_executor();
      boost::asio::post(
          caller, [guard = std::move(guard), handler = std::move(handler), failure = std::move(failure),
                   value = std::move(value)]() mutable { std::move(handler)(std::move(failure), std::move(value)); });
    };
    const auto shared = std::make_shared<Finish<Value>>(std::move(finish));
    if (group.spawn(executor, run_and_tell<Value>(std::move(owner), std::move(work), shared))) return;
    (*shared)(std::make_exception_ptr(base::StoreError("postgres: the store is closed")), std::nullopt);
  };
  auto outcome = co_await boost::asio::async_initiate<const boost::asio::use_awaitable_t<>,
                                                      void(std::exception_ptr, std::optional<Value>)>(
      std::move(initiate), boost::asio::use_awaitable, std::move(task));
  co_return std::move(*outcome);
}

}  // namespace codelab::infra::postgres
