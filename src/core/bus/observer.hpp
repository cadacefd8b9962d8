#pragma once

#include <chrono>

namespace codelab::core::bus {

/// What an agent bus tells to whoever counts. Called from any thread: must be quick, must not throw. Ignores all by
/// default.
class BusObserver {
 public:
  virtual ~BusObserver() = default;
  /// A task has its slot, for which it has waited for so long.
  virtual void turn_came(std::chrono::steady_clock::duration waited) noexcept { static_cast<void>(waited); }
  /// A task found its agent's queue full.
  virtual void refused() noexcept {}
};

}  // namespace codelab::core::bus
