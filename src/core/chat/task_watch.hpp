#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "base/result.hpp"
#include "core/chat/values.hpp"
#include "core/events/stream_hub.hpp"

namespace codelab::core::chat {

/// A task that has ended, as the store has it.
struct TaskEnd {
  Task task;
  /// Of one that was completed.
  std::optional<Message> answer;
};

/// Follows one task through its session's stream, from before it began until it ended: what a waiting POST hangs on.
/// Used by one coroutine on the executor of its subscription. A watch that is dropped stops nothing.
class TaskWatch {
 public:
  /// A task that is about to begin has no past to look for.
  enum class From : std::uint8_t { now, its_beginning };
  /// Looks for the end in the store: nothing while the task runs on, an error when it is not to be followed any more.
  /// Asked when the end may have come untold, and from time to time: the task may go on in another process.
  using Look = std::function<base::Task<base::Result<std::optional<TaskEnd>>>()>;

  TaskWatch(events::StreamHub& hub, const identity::UserScope& scope, events::StreamId stream, base::TaskId task,
            std::shared_ptr<events::Subscription> subscription, From from, Look look);

  /// The next lines of the task; empty when `deadline` came first or the stream was closed (see closed()).
  base::Task<std::vector<events::LinePtr>> next(std::chrono::steady_clock::time_point deadline);
  /// Reads until the task ended or `deadline` came.
  base::Task<> wait(std::chrono::steady_clock::time_point deadline);

  /// TASK_COMPLETED, TASK_FAILED or TASK_CANCELLED, once it was read.
  const events::LinePtr& end() const { return end_; }
  /// The newest MESSAGE_CREATED that was read: after TASK_COMPLETED it is the answer.
  const events::LinePtr& message() const { return message_; }
  /// The end, when it was not told but found in the store.
  const std::optional<TaskEnd>& found() const { return found_; }
  /// Why the task is not to be followed any more.
  const std::optional<base::Error>& refusal() const { return refusal_; }
  /// No more lines will come: the task ended, or the stream was closed or fell behind.
  bool closed() const { return closed_; }
  void close() { subscription_->close(); }

 private:
  /// Those that are new here.
  std::vector<events::LinePtr> noted(std::vector<events::LinePtr> lines);
  base::Task<> look();

  base::TaskId task_;
  Look look_;
  std::shared_ptr<events::Subscription> subscription_;
  std::vector<events::LinePtr> missed_;
  events::LinePtr message_;
  events::LinePtr end_;
  std::optional<TaskEnd> found_;
  std::optional<base::Error> refusal_;
  /// The task was completed, and its answer did not come.
  bool missing_answer_ = false;
  std::chrono::steady_clock::time_point looked_at_ = std::chrono::steady_clock::now();
  /// Of the last logged event.
  std::int64_t last_seq_ = 0;
  bool closed_ = false;
};

}  // namespace codelab::core::chat
