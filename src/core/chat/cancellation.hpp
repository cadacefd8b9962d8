#pragma once

#include "base/clock.hpp"
#include "core/chat/ports.hpp"
#include "core/chat/running_tasks.hpp"

namespace codelab::core::chat {

/// Cancels tasks for their user. Thread-safe; throws when the store is away.
class Cancellation {
 public:
  Cancellation(TaskStore& tasks, RunningTasks& running, const base::Clock& clock)
      : tasks_(tasks), running_(running), clock_(clock) {}

  /// The task, cancelled: at once and for good, though what works on it in another process stops a little later.
  /// Cancelling it again changes nothing. Errors: not_found; state_conflict when it has ended otherwise.
  base::Task<base::Result<Task>> cancel(identity::UserScope scope, base::TaskId task);

 private:
  TaskStore& tasks_;
  RunningTasks& running_;
  const base::Clock& clock_;
};

}  // namespace codelab::core::chat
