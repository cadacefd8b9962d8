#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>

#include "core/models/circuit_breaker.hpp"

namespace codelab::core::models {

/// A circuit breaker that calls on every core share; copies of it are the same one. Thread-safe.
class SharedBreaker {
  struct State;

 public:
  /// Leave for one attempt. Destroyed without a report it counts as abandoned. May outlive the breaker.
  class Lease {
   public:
    Lease(std::shared_ptr<State> state, CircuitBreaker::Admission admission)
        : state_(std::move(state)), admission_(admission) {}
    ~Lease();
    Lease(Lease&&) noexcept = default;
    Lease& operator=(Lease&&) = delete;

    /// Once. Answers the breaker's new state when the report changed it.
    std::optional<BreakerState> report(bool succeeded);

   private:
    std::shared_ptr<State> state_;
    CircuitBreaker::Admission admission_;
  };

  explicit SharedBreaker(BreakerLimits limits);

  /// nullopt: what it guards is given a rest.
  std::optional<Lease> admit();
  /// When to ask again after a refusal.
  std::chrono::milliseconds retry_in() const;
  BreakerState state() const;

 private:
  std::shared_ptr<State> state_;
};

}  // namespace codelab::core::models
