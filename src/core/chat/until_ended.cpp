#include "core/chat/until_ended.hpp"

#include <chrono>
#include <exception>
#include <utility>

#include <boost/asio/experimental/awaitable_operators.hpp>

#include "base/log.hpp"
#include "base/outcome_of.hpp"
#include "base/store_error.hpp"

namespace codelab::core::chat {
namespace {

/// Most tasks have ended before the first look.
constexpr std::chrono::seconds kLookEvery{10};

base::Task<bool> has_ended(TaskStore& tasks, identity::UserScope scope, base::TaskId id) {
  try {
    const auto task = co_await tasks.find(scope, id);
    co_return !task || is_final(task->status);
  } catch (const base::StoreError& failure) {
    base::log::warning("running_task_not_found", {{"task_id", id.str()}, {"reason", failure.what()}});
  }
  co_return false;
}

base::Task<> ended(TaskStore& tasks, identity::UserScope scope, RunningTasks::Hold& hold) {
  for (;;) {
    const bool stopped = co_await hold.stopped(std::chrono::steady_clock::now() + kLookEvery);
    if (stopped || co_await has_ended(tasks, scope, hold.task())) co_return;
  }
}

}  // namespace

base::Task<> until_ended(TaskStore& tasks, identity::UserScope scope, RunningTasks::Hold hold, base::Task<> work) {
  using boost::asio::experimental::awaitable_operators::operator||;
  auto first = co_await (base::outcome_of(std::move(work)) || ended(tasks, scope, hold));
  if (first.index() == 1) {
    base::log::info("task_stopped", {{"task_id", hold.task().str()}});
  } else if (std::get<0>(first)) {
    std::rethrow_exception(std::get<0>(first));
  }
}

}  // namespace codelab::core::chat
