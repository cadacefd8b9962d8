#pragma once

#include <chrono>
#include <optional>
#include <utility>

#include "base/log.hpp"
#include "base/store_error.hpp"
#include "base/task.hpp"
#include "core/models/shared_breaker.hpp"
#include "infra/qdrant/client.hpp"

namespace codelab::infra::qdrant {

/// Keeps what messages wait for away from a Qdrant that hangs: after a few of them in a row have waited in vain all are
/// refused at once, until one that is let through from time to time has its answer. Thread-safe.
class HangGuard {
 public:
  static constexpr core::models::BreakerLimits kLimits{
      .consecutive_failures = 3, .failure_rate = 1, .window = 0, .open_for = std::chrono::seconds{5}};

  explicit HangGuard(core::models::BreakerLimits limits = kLimits) : breaker_(limits) {}

  /// Throws what `work` throws, or base::StoreError at once.
  template <class T>
  base::Task<T> run(base::Task<T> work) {
    auto lease = breaker_.admit();
    if (!lease) throw base::StoreError("qdrant: it hangs; it is asked again in some seconds");
    try {
      T result = co_await std::move(work);
      told(lease->report(true));
      co_return result;
    } catch (const TimedOut&) {
      told(lease->report(false));
      throw;
    } catch (const base::StoreError&) {
      // Whatever is wrong, nobody had to wait for it.
      told(lease->report(true));
      throw;
    }
  }

 private:
  static void told(std::optional<core::models::BreakerState> change) {
    if (change == core::models::BreakerState::open) base::log::warning("qdrant_hangs");
    if (change == core::models::BreakerState::closed) base::log::info("qdrant_answers_again");
  }

  core::models::SharedBreaker breaker_;
};

}  // namespace codelab::infra::qdrant
