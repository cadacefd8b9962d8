#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>

#include "core/models/circuit_breaker.hpp"

namespace codelab::infra::openai {

/// A circuit breaker that calls on every core share; copies of it are the same one. Thread-safe.
class SharedBreaker {
  struct State;

 public:
  /// Leave for one attempt. Destroyed without a report it counts as abandoned. May outlive the breaker.
  class Lease {
   public:
    Lease(std::shared_ptr<State> state, core::models::CircuitBreaker::Admission admission)
        : state_(std::move(state)), admission_(admission) {}
    ~Lease();
    Lease(Lease&&) noexcept = default;
    Lease& operator=(Lease&&) = delete;

    /// Once. Answers the breaker's new state when the report changed it.
    std::optional<core::models::BreakerState> report(bool succeeded);

   private:
    std::shared_ptr<State> state_;
    core::models::CircuitBreaker::Admission admission_;
  };

  explicit SharedBreaker(core::models::BreakerLimits limits);

  /// nullopt: the model is given a rest.
  std::optional<Lease> admit();
  /// When to ask again after a refusal.
  std::chrono::milliseconds retry_in() const;
  core::models::BreakerState state() const;

 private:
  std::shared_ptr<State> state_;
};

}  // namespace codelab::infra::openai
