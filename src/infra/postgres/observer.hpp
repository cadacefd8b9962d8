#pragma once

#include <chrono>
#include <string_view>

namespace codelab::infra::postgres {

/// What the store tells to whoever counts. Called on the cores: must be quick and must not throw. Ignores all by
/// default.
class StoreObserver {
 public:
  virtual ~StoreObserver() = default;
  /// One operation has ended, e.g. "task.begin"; the wait for a connection and the commit are in `duration`.
  virtual void query(std::string_view operation, std::chrono::steady_clock::duration duration, bool failed) noexcept {
    static_cast<void>(operation);
    static_cast<void>(duration);
    static_cast<void>(failed);
  }
};

}  // namespace codelab::infra::postgres
