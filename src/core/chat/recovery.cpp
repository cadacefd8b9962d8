#include "core/chat/recovery.hpp"

#include <string>
#include <utility>

#include "core/chat/direct_call_events.hpp"

namespace codelab::core::chat {

base::Error interrupted(std::string_view what) {
  return base::make_error(base::ErrorCode::interrupted,
                          std::string(what) + "; post the message again, under another Idempotency-Key if it had one");
}

base::Task<std::int64_t> fail_interrupted_tasks(TaskStore& tasks, const base::Clock& clock) {
  auto unfinished = co_await tasks.unfinished();
  for (OwnedTask& owned : unfinished) {
    Task& task = owned.task;
    task.status = TaskStatus::failed;
    task.completed_at = clock.now();
    base::Error error = interrupted("the server stopped before the answer was complete");
    task.error = TaskError{.code = std::string(base::name_of(error.code)), .detail = std::move(error.detail)};
    std::vector<events::NewEvent> events{task_failed(task)};
    co_await tasks.end(owned.scope, task, std::move(events));
  }
  co_return static_cast<std::int64_t>(unfinished.size());
}

}  // namespace codelab::core::chat
