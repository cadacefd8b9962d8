#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/task.hpp"
#include "core/chat/values.hpp"
#include "core/events/event.hpp"
#include "core/identity/user_scope.hpp"

namespace codelab::core::work {

/// A finished part of a task's work.
struct RecordedPart {
  /// Counts the answers of the task's model, from 1.
  std::int64_t turn = 0;
  /// 0: the model's answer; n: the result of the nth tool call in it.
  std::int64_t call = 0;
  /// JSON: see work_parts.hpp.
  std::string content;
};

/// What goes into a record, all of it or nothing.
struct WorkRecord {
  /// One that is there already stays as it is.
  std::vector<RecordedPart> parts = {};
  /// Tasks of other agents that begin or end: stored as they are, whether they were there before or not. With one that
  /// ends, what it had others do ends too.
  std::vector<chat::Task> steps = {};
  /// In order, for the stream of the task's session.
  std::vector<events::NewEvent> events = {};
};

/// Keeps what is finished of tasks that are not, so that whoever takes them over does not do it again. Thread-safe;
/// throws when the store is away.
class WorkLog {
 public:
  virtual ~WorkLog() = default;
  /// False, and nothing written, when the task has ended, its session is gone or another process runs it.
  virtual base::Task<bool> record(identity::UserScope scope, chat::Task task, WorkRecord record) = 0;
  /// In order of turns and calls.
  virtual base::Task<std::vector<RecordedPart>> of_task(identity::UserScope scope, base::TaskId task) = 0;
};

}  // namespace codelab::core::work
