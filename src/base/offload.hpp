#pragma once

#include <exception>
#include <optional>
#include <type_traits>
#include <utility>

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/task.hpp"

namespace codelab::base {

/// Runs blocking `work` on `pool` and resumes the caller, with its result or its exception, on the caller's own
/// executor. `work` is a plain function object, never a coroutine; a cancellation does not interrupt it.
template <class Work>
  requires(!std::is_void_v<std::invoke_result_t<Work&>>)
Task<std::invoke_result_t<Work&>> offload(boost::asio::thread_pool& pool, Work work) {
  using Value = std::invoke_result_t<Work&>;
  auto initiate = [&pool](auto handler, Work job) {
    auto guard = boost::asio::make_work_guard(boost::asio::get_associated_executor(handler));
    boost::asio::post(pool, [guard = std::move(guard), handler = std::move(handler), job = std::move(job)]() mutable {
      std::exception_ptr failure;
      std::optional<Value> value;
      try {
        value.emplace(job());
      } catch (...) {
        failure = std::current_exception();
      }
      boost::asio::post(guard.get_executor(),
                        [handler = std::move(handler), failure, value = std::move(value)]() mutable {
                          std::move(handler)(failure, std::move(value));
                        });
    });
  };
  auto outcome = co_await boost::asio::async_initiate<const boost::asio::use_awaitable_t<>,
                                                      void(std::exception_ptr, std::optional<Value>)>(
      std::move(initiate), boost::asio::use_awaitable, std::move(work));
  co_return std::move(*outcome);
}

}  // namespace codelab::base
