#include "core/chat/recovery.hpp"

#include "core/chat/direct_call_events.hpp"

namespace codelab::core::chat {

base::Task<std::int64_t> fail_interrupted_tasks(TaskStore& tasks, const base::Clock& clock) {
  auto unfinished = co_await tasks.unfinished();
  for (OwnedTask& owned : unfinished) {
    Task& task = owned.task;
    task.status = TaskStatus::failed;
    task.completed_at = clock.now();
    task.error = TaskError{.code = std::string(base::name_of(base::ErrorCode::interrupted)),
                           .detail = "the server stopped before the answer was complete; post the message again"};
    std::vector<events::NewEvent> events{task_failed(task)};
    co_await tasks.end(owned.scope, task, std::move(events));
  }
  co_return static_cast<std::int64_t>(unfinished.size());
}

}  // namespace codelab::core::chat
