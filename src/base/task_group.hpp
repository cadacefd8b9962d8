#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "base/task.hpp"

namespace codelab::base {

/// Owns background coroutines: logs what they throw, can cancel them and wait until the last has ended. The only way
/// to start a coroutine that nobody awaits. Thread-safe; each coroutine runs on the executor it was spawned on.
class TaskGroup {
 public:
  explicit TaskGroup(std::string name);
  /// Every task must have ended: drain() first. Ending later is safe but nobody waits for it.
  ~TaskGroup();
  TaskGroup(const TaskGroup&) = delete;
  TaskGroup& operator=(const TaskGroup&) = delete;

  /// Starts `task` on `executor`: before this returns when called on that executor's thread, else soon. After cancel()
  /// it is not started at all and false is returned.
  bool spawn(const Executor& executor, Task<> task);
  /// Sends every running task a terminal cancellation, on its own executor; refuses new ones.
  void cancel();
  /// Blocks the calling thread (not one that runs tasks) until all have ended; false when `timeout` came first.
  bool drain(std::chrono::milliseconds timeout);
  std::size_t size() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace codelab::base
