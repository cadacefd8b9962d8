#include "core/chat/task_lifecycle.hpp"

#include <exception>
#include <utility>

#include <boost/asio/error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

#include "base/log.hpp"
#include "base/store_error.hpp"
#include "core/chat/direct_call_events.hpp"

namespace codelab::core::chat {
namespace {

constexpr std::chrono::seconds kBeginAgainAfter{2};

void log_outcome(const identity::UserScope& scope, const Task& task) {
  const auto level = task.error ? base::log::Level::warning : base::log::Level::info;
  if (!base::log::enabled(level)) return;
  base::log::write(level, "task_ended",
                   {{"task_id", task.id.str()},
                    {"user_id", scope.user().str()},
                    {"session_id", task.session_id.str()},
                    {"agent_id", task.agent_id.str()},
                    {"status", base::name_of(task.status)},
                    {"code", task.error ? task.error->code : ""}});
}

struct Outcome {
  std::optional<base::Error> error;
  /// That error is a store's that is away.
  bool away = false;
};

/// Broken infrastructure becomes the task's error here, at the task's edge; its reason goes to the log alone.
base::Task<Outcome> guarded(base::TaskId task, base::Task<std::optional<base::Error>> work) {
  Outcome outcome;
  try {
    outcome.error = co_await std::move(work);
    co_return outcome;
  } catch (const TaskGone&) {
    co_return outcome;
  } catch (const base::StoreError& failure) {
    base::log::error("task_broken", {{"task_id", task.str()}, {"reason", failure.what()}});
    outcome.away = true;
  } catch (const boost::system::system_error& failure) {
    // Cancelled with the whole process: nothing can be awaited any more, another process takes the task over.
    if (failure.code() == boost::asio::error::operation_aborted) throw;
    base::log::error("task_broken", {{"task_id", task.str()}, {"reason", failure.what()}});
  } catch (const std::exception& failure) {
    base::log::error("task_broken", {{"task_id", task.str()}, {"reason", failure.what()}});
  }
  outcome.error = outcome.away
                      ? base::make_error(base::ErrorCode::store_unavailable, "a store did not answer; try again")
                      : base::make_error(base::ErrorCode::internal, "the task broke off inside the server");
  co_return outcome;
}

}  // namespace

base::Task<bool> TaskLifecycle::begin(Call& call) {
  call.task.status = TaskStatus::running;
  call.task.started_at = clock_.now();
  boost::asio::steady_timer pause(co_await boost::asio::this_coro::executor);
  for (;;) {
    try {
      std::vector<events::NewEvent> events{task_started(call.task, call.attempt)};
      co_return co_await tasks_.append(call.scope, call.task, std::move(events));
    } catch (const base::StoreError& failure) {
      base::log::warning("task_start_not_stored", {{"task_id", call.task.id.str()}, {"reason", failure.what()}});
    }
    pause.expires_after(kBeginAgainAfter);
    co_await pause.async_wait(boost::asio::use_awaitable);
  }
}

base::Task<> TaskLifecycle::run(const Call& call, Work work) {
  boost::asio::steady_timer pause(co_await boost::asio::this_coro::executor);
  auto outcome = co_await guarded(call.task.id, work(call.attempt > 1));
  for (std::size_t retry = 0; outcome.away && retry < work_retries_.size(); ++retry) {
    pause.expires_after(work_retries_.wait(retry));
    co_await pause.async_wait(boost::asio::use_awaitable);
    outcome = co_await guarded(call.task.id, work(true));
  }
  if (outcome.error) co_await fail(call, std::move(*outcome.error));
}

base::Task<bool> TaskLifecycle::complete(const Call& call, Message answer, std::optional<base::Timestamp> memory_due) {
  Task task = call.task;
  task.status = TaskStatus::completed;
  task.message_id = answer.id;
  task.completed_at = answer.created_at;
  Answer whole{.message = std::move(answer), .memory_due = memory_due};
  co_return co_await store_end(call, std::move(task), std::move(whole));
}

base::Task<> TaskLifecycle::fail(const Call& call, base::Error error) {
  Task task = call.task;
  task.status = error.code == base::ErrorCode::cancelled ? TaskStatus::cancelled : TaskStatus::failed;
  task.completed_at = clock_.now();
  task.error = TaskError{.code = std::string(base::name_of(error.code)),
                         .detail = std::move(error.detail),
                         .retry_after = error.retry_after};
  co_await store_end(call, std::move(task), std::nullopt);
}

base::Task<std::optional<bool>> TaskLifecycle::try_store_end(const Call& call, const Task& task,
                                                             const std::optional<Answer>& answer) {
  std::string reason;
  try {
    bool stored = false;
    if (answer) {
      std::vector<events::NewEvent> events{message_created(answer->message), task_completed(task, answer->message)};
      stored = co_await tasks_.complete(call.scope, task, answer->message, std::move(events), answer->memory_due);
    } else {
      const bool cancelled = task.status == TaskStatus::cancelled;
      std::vector<events::NewEvent> events{cancelled ? task_cancelled(task) : task_failed(task)};
      stored = co_await tasks_.end(call.scope, task, std::move(events));
    }
    if (stored) log_outcome(call.scope, task);
    co_return stored;
  } catch (const base::StoreError& failure) {
    reason = failure.what();
  }
  base::log::warning("task_end_not_stored", {{"task_id", task.id.str()}, {"reason", reason}});
  co_return std::nullopt;
}

/// Storing an end twice is no danger: a task that has ended refuses it.
base::Task<bool> TaskLifecycle::store_end(const Call& call, Task task, std::optional<Answer> answer) {
  const base::Executor executor = co_await boost::asio::this_coro::executor;
  boost::asio::steady_timer pause(executor);
  for (std::size_t retry = 0; retry < end_retries_.size(); ++retry) {
    const auto stored = co_await try_store_end(call, task, answer);
    if (stored) co_return *stored;
    pause.expires_after(end_retries_.wait(retry));
    co_await pause.async_wait(boost::asio::use_awaitable);
  }
  const auto stored = co_await try_store_end(call, task, answer);
  if (!stored) base::log::error("task_left_unfinished", {{"task_id", task.id.str()}});
  co_return stored.value_or(false);
}

}  // namespace codelab::core::chat
