#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string_view>
#include <thread>

#include "base/log.hpp"

namespace codelab::base::log {

/// Writes lines to a descriptor from a thread of its own, many at once, so that who logs never waits for who reads.
///
/// The queue is bounded in bytes: past `capacity` debug and info lines are dropped, past twice that all are. How many
/// were, is told by a line `log_lines_dropped` with the next ones that are written. Lines that the descriptor refuses
/// (its reader is gone, the disk is full) count as dropped too, and hurt nobody.
///
/// Warnings and errors are written at once, other lines within some milliseconds.
class Sink {
 public:
  static constexpr std::size_t kCapacity = 4 << 20;

  /// `descriptor` stays the caller's and open, blocking or not, until close() has returned true.
  explicit Sink(int descriptor, std::size_t capacity = kCapacity);
  /// Waits as long as writing takes, unless close() came before.
  ~Sink();
  Sink(const Sink&) = delete;
  Sink& operator=(const Sink&) = delete;

  /// `line` has no line break. Thread-safe; does no I/O before close().
  void push(Level level, std::string_view line);

  /// Writes what is queued and ends the thread; false when that is not done in `timeout`: then it goes on without
  /// being waited for. A line that is pushed after a close() that succeeded is written by its caller. Called once, by
  /// the owner.
  bool close(std::chrono::milliseconds timeout);

 private:
  struct State;

  std::shared_ptr<State> state_;
  std::thread writer_;
};

}  // namespace codelab::base::log
