#pragma once

#include <chrono>
#include <vector>

#include "base/task.hpp"
#include "core/chat/values.hpp"
#include "core/identity/user_scope.hpp"

namespace codelab::core::chat {

/// Runs the tasks that wait for a decision of their user: whoever is free when it is made takes them.
inline constexpr RunnerId kNobody{};

/// A task that this process has taken over, with what it answers.
struct TakenTask {
  identity::UserScope scope;
  Task task;
  /// 2 when it is run for the second time; a task that only waited was not run.
  std::int64_t attempt = 1;
  /// How often it was taken over while it ran since something of it was finished.
  std::int64_t stalled = 0;
  Message request;
};

/// Which tasks a process may take over.
struct TakeOverRule {
  std::int64_t limit = 64;
  /// What this process works on, never taken. Those that the store has as its own besides, from before `begun_before`,
  /// were lost on the way to it: an answer of the store did not arrive.
  std::vector<base::TaskId> running;
  base::Timestamp begun_before;
  base::Timestamp now;
};

/// Which process runs which tasks. A task belongs to the process that began it or took it over last, and the TaskStore
/// of any other writes nothing about it: a process that comes back from a long pause cannot end what another runs now.
/// Thread-safe; a store that is away throws.
class TaskLeases {
 public:
  virtual ~TaskLeases() = default;
  /// This process runs its tasks; unless it says so again within `lease` it is taken for gone. Waits for nothing else
  /// that this process asks of the store.
  virtual base::Task<> renew(std::chrono::milliseconds lease) = 0;
  /// Unfinished tasks of processes that are gone, and lost ones of this process, of any user. They are this process's
  /// now, their attempts counted; one that cannot be read at the moment is left out, and comes another time.
  virtual base::Task<std::vector<TakenTask>> take_over(TakeOverRule rule) = 0;
  /// This process is gone from now on.
  virtual base::Task<> release() = 0;
};

}  // namespace codelab::core::chat
