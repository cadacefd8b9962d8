#include "core/chat/cancellation.hpp"

#include <utility>

#include "core/chat/direct_call_events.hpp"

namespace codelab::core::chat {

base::Task<base::Result<Task>> Cancellation::cancel(identity::UserScope scope, base::TaskId id) {
  auto task = co_await tasks_.find(scope, id);
  if (task && !is_final(task->status)) {
    task->status = TaskStatus::cancelled;
    task->completed_at = clock_.now();
    task->error =
        TaskError{.code = std::string(base::name_of(base::ErrorCode::cancelled)), .detail = "the task was cancelled"};
    std::vector<events::NewEvent> events{task_cancelled(*task)};
    const bool cancelled = co_await tasks_.cancel(scope, *task, std::move(events));
    running_.stop(id);
    if (cancelled) co_return std::move(*task);
    // It ended just now.
    task = co_await tasks_.find(scope, id);
  }
  if (!task) co_return base::make_error(base::ErrorCode::not_found, "you have no such task");
  if (task->status == TaskStatus::cancelled) co_return std::move(*task);
  co_return base::make_error(base::ErrorCode::state_conflict, "the task has ended already");
}

}  // namespace codelab::core::chat
