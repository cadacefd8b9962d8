#pragma once

#include <atomic>
#include <chrono>

#include "base/clock.hpp"

namespace codelab::tests {

/// Wall time that stands still until a test moves it.
class ManualClock final : public base::Clock {
 public:
  explicit ManualClock(base::Timestamp start = base::from_micros(1'800'000'000'000'000)) : now_(start) {}

  base::Timestamp now() const override { return now_; }
  void advance(std::chrono::microseconds by) { now_ = now_.load() + by; }

 private:
  std::atomic<base::Timestamp> now_;
};

/// The same for monotonic time.
class ManualSteadyClock {
 public:
  std::chrono::steady_clock::time_point now() const { return now_; }
  void advance(std::chrono::nanoseconds by) { now_ = now_.load() + by; }

 private:
  std::atomic<std::chrono::steady_clock::time_point> now_{std::chrono::steady_clock::time_point{}};
};

}  // namespace codelab::tests
