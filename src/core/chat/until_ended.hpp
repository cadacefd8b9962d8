#pragma once

#include "base/task.hpp"
#include "core/chat/ports.hpp"
#include "core/chat/running_tasks.hpp"

namespace codelab::core::chat {

/// Does the `work` of a task until that is done, or until somebody else has ended the task: its user has cancelled it,
/// or its session is gone. What happens in this process stops the work at once, what happens in another one within ten
/// seconds. Throws what the work throws.
base::Task<> until_ended(TaskStore& tasks, identity::UserScope scope, RunningTasks::Hold hold, base::Task<> work);

}  // namespace codelab::core::chat
