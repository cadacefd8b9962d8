#pragma once

#include <exception>
#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/task.hpp"
#include "infra/sqlite/job_queue.hpp"

namespace codelab::infra::sqlite {

template <class Context, class Work, class Handler>
class AwaitedJob final : public Job<Context> {
  using Value = std::invoke_result_t<Work&, Context&>;
  using Executor = boost::asio::associated_executor_t<Handler>;

 public:
  AwaitedJob(std::string_view operation, Work work, Handler handler)
      : Job<Context>(operation, std::chrono::steady_clock::now()),
        work_(std::move(work)),
        handler_(std::move(handler)),
        guard_(boost::asio::make_work_guard(boost::asio::get_associated_executor(handler_))) {}

  void run(Context& context) override { value_.emplace(work_(context)); }

  void resume(std::exception_ptr failure) noexcept override {
    if (failure) value_.reset();
    const auto executor = guard_.get_executor();
    boost::asio::post(
        executor, [guard = std::move(guard_), handler = std::move(handler_), failure = std::move(failure),
                   value = std::move(value_)]() mutable { std::move(handler)(std::move(failure), std::move(value)); });
  }

 private:
  Work work_;
  Handler handler_;
  boost::asio::executor_work_guard<Executor> guard_;
  std::optional<Value> value_;
};

/// Runs `work` on the thread behind `queue` and resumes the caller, with its result or its exception, on the caller's
/// own executor. `work` is a plain function object, never a coroutine; a cancellation does not interrupt it.
template <class Context, class Work>
  requires(!std::is_void_v<std::invoke_result_t<Work&, Context&>>)
base::Task<std::invoke_result_t<Work&, Context&>> await_job(JobQueue<Context>& queue, std::string_view operation,
                                                            Work work) {
  using Value = std::invoke_result_t<Work&, Context&>;
  auto initiate = [&queue, operation](auto handler, Work job) {
    using Awaited = AwaitedJob<Context, Work, decltype(handler)>;
    queue.push(std::make_unique<Awaited>(operation, std::move(job), std::move(handler)));
  };
  auto outcome = co_await boost::asio::async_initiate<const boost::asio::use_awaitable_t<>,
                                                      void(std::exception_ptr, std::optional<Value>)>(
      std::move(initiate), boost::asio::use_awaitable, std::move(work));
  co_return std::move(*outcome);
}

}  // namespace codelab::infra::sqlite
