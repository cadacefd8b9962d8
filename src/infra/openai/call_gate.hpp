#pragma once

#include <chrono>
#include <cstddef>
#include <memory>

#include "base/result.hpp"
#include "base/task.hpp"

namespace codelab::infra::openai {

/// Lets a bounded number of calls through at one time; a bounded number more waits in line, for a bounded time.
/// Thread-safe: callers may live on different executors, each single-threaded.
class CallGate {
  struct State;
  struct Waiter;
  struct Ticket;

 public:
  struct Limits {
    std::size_t max_in_flight = 64;
    std::size_t max_waiting = 1024;
    std::chrono::milliseconds max_wait{30'000};
  };

  /// A place among the calls in flight, given back when it is destroyed. May outlive the gate.
  class Permit {
   public:
    Permit() = default;
    explicit Permit(std::shared_ptr<State> state) : state_(std::move(state)) {}
    ~Permit();
    Permit(Permit&& other) noexcept = default;
    Permit& operator=(Permit&& other) noexcept;

   private:
    std::shared_ptr<State> state_;
  };

  explicit CallGate(Limits limits);

  /// First come, first served. overloaded: the line is full, or the wait took too long. A cancelled wait throws
  /// operation_aborted and leaves the line.
  base::Task<base::Result<Permit>> enter();

  std::size_t in_flight() const;
  std::size_t waiting() const;

 private:
  std::shared_ptr<State> state_;
};

}  // namespace codelab::infra::openai
