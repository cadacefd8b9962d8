#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/task.hpp"
#include "core/identity/user_scope.hpp"

/// Fast state that may be lost: in process now, or shared by several processes.
namespace codelab::core::cache {

/// Values that can be loaded again. A value is never older than the last invalidate() of its user: put() carries the
/// generation that get() returned before the value was loaded, and is ignored if an invalidation came between.
/// Thread-safe; never throws for a cache that is away (it then misses).
class Cache {
 public:
  struct Lookup {
    std::optional<std::string> value;
    std::uint64_t generation = 0;
  };

  virtual ~Cache() = default;
  virtual base::Task<Lookup> get(identity::UserScope scope, std::string key) = 0;
  virtual base::Task<> put(identity::UserScope scope, std::string key, std::string value, std::uint64_t generation,
                           std::chrono::seconds ttl) = 0;
  /// Forgets everything of that user.
  virtual base::Task<> invalidate(identity::UserScope scope) = 0;
};

struct RateDecision {
  bool allowed = true;
  std::int64_t limit = 0;
  std::int64_t remaining = 0;
  /// Until a refused caller may try again, or the window is fresh.
  std::chrono::seconds reset{0};
};

/// A sliding window of one minute a key (the window before counts by its overlap). Thread-safe.
class RateLimiter {
 public:
  virtual ~RateLimiter() = default;
  /// `key` is a user's prefix or a peer address; `limit` requests a minute, at least 1.
  virtual base::Task<RateDecision> take(std::string key, std::int64_t limit) = 0;
};

}  // namespace codelab::core::cache
