#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>

namespace codelab::core::models {

struct BreakerLimits {
  /// Opens after this many failed attempts in a row, of whoever: more than a few messages that one user makes fail.
  int consecutive_failures = 20;
  /// Or when at least this share of the last `window` outcomes failed; a window not yet full does not count.
  double failure_rate = 0.6;
  std::size_t window = 40;
  /// How long it stays open before one probe is let through.
  std::chrono::milliseconds open_for{10'000};
};

enum class BreakerState : std::uint8_t { closed, open, half_open };

/// Keeps calls away from a model that is down, or from any other service that is. Time is injected; not thread-safe:
/// its owner locks.
class CircuitBreaker {
 public:
  using Time = std::chrono::steady_clock::time_point;

  /// Leave to make one call. Each one is answered exactly once, by succeeded(), failed() or abandoned().
  class Admission {
    friend class CircuitBreaker;
    std::uint64_t generation = 0;
  };

  explicit CircuitBreaker(BreakerLimits limits) : limits_(limits) {}

  /// nullopt: refused. While open and its time is over, the first one to ask becomes the probe.
  std::optional<Admission> admit(Time now);
  /// When a refused caller may ask again; zero when nothing but a running probe is in the way.
  std::chrono::milliseconds retry_in(Time now) const;

  /// Outcomes of calls that were admitted before the last change of state are ignored.
  void succeeded(const Admission& admission);
  void failed(const Admission& admission, Time now);
  /// The call ended without telling anything about the provider, e.g. it was cancelled.
  void abandoned(const Admission& admission);

  BreakerState state() const { return state_; }

 private:
  void change(BreakerState state);
  void open(Time now);
  void remember(bool failure);
  bool rate_exceeded() const;

  BreakerLimits limits_;
  BreakerState state_ = BreakerState::closed;
  std::uint64_t generation_ = 0;
  int in_a_row_ = 0;
  std::deque<bool> recent_;
  std::size_t recent_failures_ = 0;
  bool probing_ = false;
  Time opened_{};
};

}  // namespace codelab::core::models
