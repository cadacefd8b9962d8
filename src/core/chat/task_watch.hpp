#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <vector>

#include "core/events/stream_hub.hpp"

namespace codelab::core::chat {

/// Follows one task through its session's stream, from before it began until it ended: what a waiting POST hangs on.
/// Used by one coroutine on the executor of its subscription. A watch that is dropped stops nothing.
class TaskWatch {
 public:
  /// A task that is about to begin here has no past to look for, and its end will be told here. Any other may run in
  /// another process, whose events may not come.
  enum class From : std::uint8_t { now, its_beginning };

  TaskWatch(events::StreamHub& hub, const identity::UserScope& scope, events::StreamId stream, base::TaskId task,
            std::shared_ptr<events::Subscription> subscription, From from);

  /// The next lines of the task; empty when `deadline` came first or the stream was closed (see closed()).
  base::Task<std::vector<events::LinePtr>> next(std::chrono::steady_clock::time_point deadline);
  /// Reads until the task ended or `deadline` came.
  base::Task<> wait(std::chrono::steady_clock::time_point deadline);

  /// TASK_COMPLETED, TASK_FAILED or TASK_CANCELLED, once it was read.
  const events::LinePtr& end() const { return end_; }
  /// The newest MESSAGE_CREATED that was read: after TASK_COMPLETED it is the answer.
  const events::LinePtr& message() const { return message_; }
  /// No more lines will come: the task ended, or the stream was closed or fell behind, or lost sight of a task that
  /// runs elsewhere.
  bool closed() const { return closed_; }
  void close() { subscription_->close(); }

 private:
  void note(const events::LinePtr& line);

  base::TaskId task_;
  From from_;
  std::shared_ptr<events::Subscription> subscription_;
  std::vector<events::LinePtr> missed_;
  events::LinePtr message_;
  events::LinePtr end_;
  bool closed_ = false;
};

}  // namespace codelab::core::chat
