#pragma once

#include <chrono>
#include <optional>
#include <string_view>

#include "base/clock.hpp"

namespace codelab::core::models {

struct RetryLimits {
  /// Attempts in all, the first one included; 1 never repeats.
  int max_attempts = 3;
  /// The first pause is random in [0, base), each following ceiling is twice the one before, up to `max_pause`.
  std::chrono::milliseconds base{500};
  std::chrono::milliseconds max_pause{8'000};
  /// A provider that asks for a longer pause than this is not asked again within the call.
  std::chrono::milliseconds max_retry_after{20'000};
  /// No pause that would end later than this after the start of the call.
  std::chrono::milliseconds total_budget{60'000};
};

/// Exponential backoff with full jitter. Holds no state of a call and reads no clock: thread-safe.
class RetryPolicy {
 public:
  explicit RetryPolicy(RetryLimits limits) : limits_(limits) {}

  struct Failure {
    /// Attempts made so far, at least 1.
    int attempts = 1;
    /// Since the call began.
    std::chrono::milliseconds elapsed{0};
    /// What the provider asked for, if it did.
    std::optional<std::chrono::milliseconds> retry_after = std::nullopt;
  };

  /// The pause before the next attempt, or nullopt when there must be none. `random` is uniform in [0, 1).
  std::optional<std::chrono::milliseconds> pause_after(const Failure& failure, double random) const;

 private:
  std::chrono::milliseconds ceiling(int attempts) const;

  RetryLimits limits_;
};

/// The value of a Retry-After header: whole seconds, or one of the three HTTP dates of RFC 9110 measured from `now`
/// (a past one is zero). nullopt when it is neither.
std::optional<std::chrono::milliseconds> parse_retry_after(std::string_view value, base::Timestamp now);

}  // namespace codelab::core::models
