#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "core/bus/agent_queues.hpp"
#include "core/cache/ports.hpp"

/// What every implementation of the cache, of the rate limiter and of the queues is tested through.
namespace codelab::tests {

/// One cache as two processes see it; the same object twice for a kind that serves one process only.
class Caches {
 public:
  virtual ~Caches() = default;
  virtual core::cache::Cache& here() = 0;
  virtual core::cache::Cache& there() = 0;
};

struct CacheKind {
  std::string name;
  std::function<std::unique_ptr<Caches>()> make;
};

std::vector<CacheKind> cache_kinds();

/// Likewise; time is what the test says.
class RateLimiters {
 public:
  virtual ~RateLimiters() = default;
  virtual core::cache::RateLimiter& here() = 0;
  virtual core::cache::RateLimiter& there() = 0;
};

using TestTime = std::function<std::chrono::milliseconds()>;

struct RateLimiterKind {
  std::string name;
  std::function<std::unique_ptr<RateLimiters>(TestTime)> make;
};

std::vector<RateLimiterKind> rate_limiter_kinds();

/// Likewise.
class Queues {
 public:
  virtual ~Queues() = default;
  virtual core::bus::AgentQueues& here() = 0;
  virtual core::bus::AgentQueues& there() = 0;
};

struct QueuesKind {
  std::string name;
  std::function<std::unique_ptr<Queues>()> make;
};

std::vector<QueuesKind> queues_kinds();

inline void PrintTo(const QueuesKind& kind, std::ostream* out) { *out << kind.name; }
inline void PrintTo(const CacheKind& kind, std::ostream* out) { *out << kind.name; }
inline void PrintTo(const RateLimiterKind& kind, std::ostream* out) { *out << kind.name; }

}  // namespace codelab::tests
