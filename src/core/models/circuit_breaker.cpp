#include "core/models/circuit_breaker.hpp"

#include <algorithm>

namespace codelab::core::models {

std::optional<CircuitBreaker::Admission> CircuitBreaker::admit(Time now) {
  if (state_ == BreakerState::open && now - opened_ >= limits_.open_for) change(BreakerState::half_open);
  if (state_ == BreakerState::open) return std::nullopt;
  if (state_ == BreakerState::half_open) {
    if (probing_) return std::nullopt;
    probing_ = true;
  }
  Admission admission;
  admission.generation = generation_;
  return admission;
}

std::chrono::milliseconds CircuitBreaker::retry_in(Time now) const {
  if (state_ != BreakerState::open) return std::chrono::milliseconds(0);
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(opened_ + limits_.open_for - now);
  return std::max(left, std::chrono::milliseconds(0));
}

void CircuitBreaker::succeeded(const Admission& admission) {
  if (admission.generation != generation_) return;
  if (state_ == BreakerState::half_open) return change(BreakerState::closed);
  in_a_row_ = 0;
  remember(false);
}

void CircuitBreaker::failed(const Admission& admission, Time now) {
  if (admission.generation != generation_) return;
  if (state_ == BreakerState::half_open) return open(now);
  ++in_a_row_;
  remember(true);
  if (in_a_row_ >= limits_.consecutive_failures || rate_exceeded()) open(now);
}

void CircuitBreaker::abandoned(const Admission& admission) {
  if (admission.generation == generation_) probing_ = false;
}

void CircuitBreaker::change(BreakerState state) {
  state_ = state;
  ++generation_;
  in_a_row_ = 0;
  recent_.clear();
  recent_failures_ = 0;
  probing_ = false;
}

void CircuitBreaker::open(Time now) {
  change(BreakerState::open);
  opened_ = now;
}

void CircuitBreaker::remember(bool failure) {
  recent_.push_back(failure);
  recent_failures_ += failure ? 1 : 0;
  if (recent_.size() <= limits_.window) return;
  recent_failures_ -= recent_.front() ? 1 : 0;
  recent_.pop_front();
}

bool CircuitBreaker::rate_exceeded() const {
  if (limits_.window == 0 || recent_.size() < limits_.window) return false;
  return static_cast<double>(recent_failures_) >= limits_.failure_rate * static_cast<double>(recent_.size());
}

}  // namespace codelab::core::models
