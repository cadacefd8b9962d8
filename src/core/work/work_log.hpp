#pragma once

#include <cstdint>
#include <optional>
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
  /// A task of another agent that begins or ends: stored as it is, whether it was there before or not. With one that
  /// ends, what it had others do ends too.
  std::optional<chat::Task> step = {};
  /// In order, for the stream of the task's session.
  std::vector<events::NewEvent> events = {};
};

/// gone: the task has ended, its session is no more or another process runs it. step_ended: the step has ended before,
/// its user has cancelled it. Neither has written anything.
enum class Recorded : std::uint8_t { yes, gone, step_ended };

/// Keeps what is finished of tasks that are not, so that whoever takes them over does not do it again. Thread-safe;
/// throws when the store is away.
class WorkLog {
 public:
  virtual ~WorkLog() = default;
  virtual base::Task<Recorded> record(identity::UserScope scope, chat::Task task, WorkRecord record) = 0;
  /// In order of turns and calls.
  virtual base::Task<std::vector<RecordedPart>> of_task(identity::UserScope scope, base::TaskId task) = 0;
};

}  // namespace codelab::core::work
