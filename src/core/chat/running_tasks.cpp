#include "core/chat/running_tasks.hpp"

namespace codelab::core::chat {

RunningTasks::Hold RunningTasks::hold(base::TaskId task) {
  const std::scoped_lock lock(mutex_);
  tasks_.insert(task);
  return {*this, task};
}

std::vector<base::TaskId> RunningTasks::all() const {
  const std::scoped_lock lock(mutex_);
  return {tasks_.begin(), tasks_.end()};
}

void RunningTasks::forget(const base::TaskId& task) {
  const std::scoped_lock lock(mutex_);
  tasks_.erase(task);
}

}  // namespace codelab::core::chat
