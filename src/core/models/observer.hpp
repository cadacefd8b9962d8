#pragma once

#include <chrono>
#include <cstdint>
#include <string_view>

#include "core/models/circuit_breaker.hpp"
#include "core/models/ports.hpp"

namespace codelab::core::models {

enum class CallOutcome : std::uint8_t { ok, failed, timeout, overloaded, cancelled };

struct CallReport {
  std::string_view model;
  CallOutcome outcome = CallOutcome::ok;
  /// From the call's start to its end: waiting for a place and retries included.
  std::chrono::steady_clock::duration duration{};
  TokenCounts tokens;
};

/// What model ports tell to whoever counts. Every call_started is followed by one call_finished. Called from any
/// thread, possibly while a model's coroutine is being destroyed: must be quick, must not throw. Ignores all by
/// default.
class ModelObserver {
 public:
  virtual ~ModelObserver() = default;
  virtual void call_started(std::string_view model) { static_cast<void>(model); }
  virtual void call_finished(const CallReport& report) { static_cast<void>(report); }
  /// `reason`: "rate_limited", "server_error", "connection_lost", "provider_error" or "parameter_refused".
  virtual void retry(std::string_view model, std::string_view reason) {
    static_cast<void>(model);
    static_cast<void>(reason);
  }
  virtual void breaker_state(std::string_view model, BreakerState state) {
    static_cast<void>(model);
    static_cast<void>(state);
  }
};

}  // namespace codelab::core::models
