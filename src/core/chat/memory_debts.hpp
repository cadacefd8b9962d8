#pragma once

#include <vector>

#include "base/clock.hpp"
#include "base/task.hpp"
#include "core/chat/values.hpp"
#include "core/identity/user_scope.hpp"

namespace codelab::core::chat {

/// A completed task whose agent has still to remember it.
struct OwedMemory {
  identity::UserScope scope;
  Task task;
  Message request;
  Message answer;
};

/// An interaction that is remembered.
struct SettledMemory {
  identity::UserScope scope;
  base::TaskId task;
};

/// Which answers have still to be remembered: each, from when it was given (TaskStore::complete), until it is settled.
/// Thread-safe; a store that is away throws.
class MemoryDebts {
 public:
  virtual ~MemoryDebts() = default;
  /// To be tried from `due` on.
  virtual base::Task<> owe(identity::UserScope scope, base::TaskId task, base::Timestamp due) = 0;
  /// Those that are due `now`, of any user, at most `limit`; to be tried from `again` on unless they are settled.
  virtual base::Task<std::vector<OwedMemory>> claim(base::Timestamp now, base::Timestamp again, std::int64_t limit) = 0;
  virtual base::Task<> settle(std::vector<SettledMemory> memories) = 0;
};

}  // namespace codelab::core::chat
