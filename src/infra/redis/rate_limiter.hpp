#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <string>

#include "core/cache/ports.hpp"
#include "infra/redis/clients.hpp"

namespace codelab::infra::redis {

/// The rate limiter that all processes share: one atomic step at the server, by the server's clock, in one round trip,
/// so every process gets the same answers. While Redis does not answer, each process counts for itself in
/// `per_process`, which allows up to the limit once a process. Thread-safe.
class RedisRateLimiter final : public core::cache::RateLimiter {
 public:
  /// Milliseconds since any fixed moment, in place of the server's clock.
  using Now = std::function<std::chrono::milliseconds()>;

  /// Both outlive this object.
  RedisRateLimiter(Clients& clients, core::cache::RateLimiter& per_process, Now now = {})
      : clients_(clients), per_process_(per_process), now_(std::move(now)) {}

  base::Task<core::cache::RateDecision> take(std::string key, std::int64_t limit) override;

  /// False: the last decision came from `per_process`.
  bool is_shared() const { return shared_; }

 private:
  void set_shared(bool shared, const std::string& reason);

  Clients& clients_;
  core::cache::RateLimiter& per_process_;
  Now now_;
  std::atomic<bool> shared_{true};
};

}  // namespace codelab::infra::redis
