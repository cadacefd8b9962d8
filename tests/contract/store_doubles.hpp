#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "core/events/ports.hpp"

/// What a store under test is given in the place of the clock and of the relay.
namespace codelab::tests {

/// Moves a second at each look, from a fixed start.
class SteppingClock final : public base::Clock {
 public:
  base::Timestamp now() const override {
    constexpr std::chrono::sys_seconds kStart{std::chrono::seconds{1'800'000'000}};
    const std::lock_guard lock(mutex_);
    return kStart + std::chrono::seconds{++steps_};
  }

 private:
  mutable std::mutex mutex_;
  mutable std::int64_t steps_ = 0;
};

class RecordingRelay final : public core::events::EventRelay {
 public:
  void committed(const core::events::Event& event) noexcept override {
    const std::lock_guard lock(mutex_);
    events_.push_back(event);
  }
  std::vector<core::events::Event> take() {
    const std::lock_guard lock(mutex_);
    return std::exchange(events_, {});
  }

 private:
  std::mutex mutex_;
  std::vector<core::events::Event> events_;
};

}  // namespace codelab::tests
