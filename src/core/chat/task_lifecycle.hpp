#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <functional>
#include <optional>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/task.hpp"
#include "core/chat/call.hpp"
#include "core/chat/ports.hpp"

namespace codelab::core::chat {

/// Thrown by what works on a task that is no longer there to be worked on: it has ended, or its session is gone.
struct TaskGone {};

/// The beginning and the end of a task, as the store has it. What the store does not take is tried again for a while.
/// Thread-safe.
class TaskLifecycle {
 public:
  /// How long to wait before something that the store did not take is tried again.
  struct Retries {
    std::array<std::chrono::milliseconds, 4> waits{};
    /// How often the last of them is repeated.
    std::size_t repeats = 0;

    std::size_t size() const { return waits.size() + repeats; }
    std::chrono::milliseconds wait(std::size_t retry) const { return waits[std::min(retry, waits.size() - 1)]; }
  };
  /// Of a task's end: an hour. When none is left the answer is lost, and the task is run again once this process is
  /// gone.
  static constexpr Retries kEndRetries{.waits = {std::chrono::milliseconds{100}, std::chrono::milliseconds{1'000},
                                                 std::chrono::milliseconds{5'000}, std::chrono::milliseconds{15'000}},
                                       .repeats = 240};
  /// Of a task's work: a minute.
  static constexpr Retries kWorkRetries{.waits = {std::chrono::milliseconds{100}, std::chrono::milliseconds{500},
                                                  std::chrono::milliseconds{2'000}, std::chrono::milliseconds{5'000}},
                                        .repeats = 10};

  TaskLifecycle(TaskStore& tasks, const base::Clock& clock, Retries end_retries = kEndRetries,
                Retries work_retries = kWorkRetries)
      : tasks_(tasks), clock_(clock), end_retries_(end_retries), work_retries_(work_retries) {}

  /// Says that the task runs from now on, until the store has taken that. False when there is no such task any more.
  /// Throws operation_aborted when it is cancelled with the whole process.
  base::Task<bool> begin(Call& call);
  /// One go at the work of a task: what it failed with, if it did. `again`: it was begun before, in this process or in
  /// another.
  using Work = std::function<base::Task<std::optional<base::Error>>(bool again)>;
  /// Does the `work` of a task that has begun, and fails the task with what that returns, or with what it broke on.
  /// When it broke on a store that is away it is begun again for a while. Work that throws TaskGone is over.
  base::Task<> run(const Call& call, Work work);
  /// Ends a task with its answer. False when the task had ended before: the answer does not stand. With `memory_due` as
  /// TaskStore::complete().
  base::Task<bool> complete(const Call& call, Message answer, std::optional<base::Timestamp> memory_due);
  /// Ends a task with that error; one that has ended stays as it is.
  base::Task<> fail(const Call& call, base::Error error);

 private:
  struct Answer {
    Message message;
    std::optional<base::Timestamp> memory_due;
  };

  /// False when the task has ended already, or is no more; nothing when the store is away.
  base::Task<std::optional<bool>> try_store_end(const Call& call, const Task& task,
                                                const std::optional<Answer>& answer);
  /// Stores the end of a task, again and again for a while when the store does not take it. Whether it did.
  base::Task<bool> store_end(const Call& call, Task task, std::optional<Answer> answer);

  TaskStore& tasks_;
  const base::Clock& clock_;
  const Retries end_retries_;
  const Retries work_retries_;
};

}  // namespace codelab::core::chat
