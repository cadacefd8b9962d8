#pragma once

#include <mutex>
#include <unordered_set>
#include <utility>
#include <vector>

#include "base/ids.hpp"

namespace codelab::core::chat {

/// The tasks that this process works on, from before they are durable. One that the store gives to this process and
/// that is not among them was lost on the way. Thread-safe; outlives what it holds.
class RunningTasks {
 public:
  /// Its task counts as running while this lives.
  class Hold {
   public:
    Hold(RunningTasks& tasks, base::TaskId task) : tasks_(&tasks), task_(task) {}
    Hold(Hold&& other) noexcept : tasks_(std::exchange(other.tasks_, nullptr)), task_(other.task_) {}
    Hold& operator=(Hold&&) = delete;
    ~Hold() {
      if (tasks_ != nullptr) tasks_->forget(task_);
    }

   private:
    RunningTasks* tasks_;
    base::TaskId task_;
  };

  Hold hold(base::TaskId task);
  std::vector<base::TaskId> all() const;

 private:
  void forget(const base::TaskId& task);

  mutable std::mutex mutex_;
  std::unordered_set<base::TaskId> tasks_;
};

}  // namespace codelab::core::chat
