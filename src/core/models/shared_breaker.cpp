#include "core/models/shared_breaker.hpp"

#include <mutex>
#include <utility>

namespace codelab::core::models {

struct SharedBreaker::State {
  explicit State(BreakerLimits limits) : breaker(limits) {}

  mutable std::mutex mutex;
  CircuitBreaker breaker;
};

SharedBreaker::SharedBreaker(BreakerLimits limits) : state_(std::make_shared<State>(limits)) {}

std::optional<SharedBreaker::Lease> SharedBreaker::admit() {
  const std::scoped_lock lock(state_->mutex);
  const auto admission = state_->breaker.admit(std::chrono::steady_clock::now());
  if (!admission) return std::nullopt;
  return Lease(state_, *admission);
}

std::chrono::milliseconds SharedBreaker::retry_in() const {
  const std::scoped_lock lock(state_->mutex);
  return state_->breaker.retry_in(std::chrono::steady_clock::now());
}

BreakerState SharedBreaker::state() const {
  const std::scoped_lock lock(state_->mutex);
  return state_->breaker.state();
}

SharedBreaker::Lease::~Lease() {
  if (!state_) return;
  const std::scoped_lock lock(state_->mutex);
  state_->breaker.abandoned(admission_);
}

std::optional<BreakerState> SharedBreaker::Lease::report(bool succeeded) {
  const auto state = std::exchange(state_, nullptr);
  const std::scoped_lock lock(state->mutex);
  const BreakerState before = state->breaker.state();
  if (succeeded) {
    state->breaker.succeeded(admission_);
  } else {
    state->breaker.failed(admission_, std::chrono::steady_clock::now());
  }
  const BreakerState after = state->breaker.state();
  if (after == before) return std::nullopt;
  return after;
}

}  // namespace codelab::core::models
