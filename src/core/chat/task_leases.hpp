#pragma once

#include <chrono>
#include <vector>

#include "base/task.hpp"
#include "core/chat/values.hpp"
#include "core/identity/user_scope.hpp"

namespace codelab::core::chat {

/// A task that this process has taken over, with what it answers.
struct TakenTask {
  identity::UserScope scope;
  Task task;
  /// 2 when it is run for the second time.
  std::int64_t attempt = 1;
  Message request;
};

/// Which process runs which tasks. A task belongs to the process that began it or took it over last, and the TaskStore
/// of any other writes nothing about it: a process that comes back from a long pause cannot end what another runs now.
/// Thread-safe; a store that is away throws.
class TaskLeases {
 public:
  virtual ~TaskLeases() = default;
  /// This process runs its tasks; unless it says so again within `lease` it is taken for gone.
  virtual base::Task<> renew(std::chrono::milliseconds lease) = 0;
  /// Unfinished tasks of processes that are gone, at most `limit`, of any user. They are this process's now.
  virtual base::Task<std::vector<TakenTask>> take_over(std::int64_t limit) = 0;
  /// This process is gone from now on.
  virtual base::Task<> release() = 0;
};

}  // namespace codelab::core::chat
