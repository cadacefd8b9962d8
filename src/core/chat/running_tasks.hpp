#pragma once

#include <memory>
#include <mutex>
#include <unordered_map>
#include <utility>
#include <vector>

#include <boost/asio/steady_timer.hpp>

#include "base/ids.hpp"
#include "base/task.hpp"

namespace codelab::core::chat {

/// The tasks that this process works on, from before they are durable. One that the store gives to this process and
/// that is not among them was lost on the way. Thread-safe; outlives what it holds.
class RunningTasks {
 public:
  struct Entry;

  /// Its task counts as running while this lives.
  class Hold {
   public:
    Hold(RunningTasks& tasks, base::TaskId task, std::shared_ptr<Entry> entry)
        : tasks_(&tasks), task_(task), entry_(std::move(entry)) {}
    Hold(Hold&& other) noexcept
        : tasks_(std::exchange(other.tasks_, nullptr)), task_(other.task_), entry_(std::move(other.entry_)) {}
    Hold& operator=(Hold&&) = delete;
    ~Hold() {
      if (tasks_ != nullptr) tasks_->forget(task_);
    }

    const base::TaskId& task() const { return task_; }
    /// Until stop(), or until `deadline`. Whether it was stopped. By one coroutine.
    base::Task<bool> stopped(std::chrono::steady_clock::time_point deadline);

   private:
    RunningTasks* tasks_;
    base::TaskId task_;
    std::shared_ptr<Entry> entry_;
  };

  Hold hold(base::TaskId task);
  std::vector<base::TaskId> all() const;
  /// The task has ended: whoever works on it here need not go on.
  void stop(const base::TaskId& task);

 private:
  void forget(const base::TaskId& task);

  mutable std::mutex mutex_;
  std::unordered_map<base::TaskId, std::shared_ptr<Entry>> tasks_;
};

}  // namespace codelab::core::chat
