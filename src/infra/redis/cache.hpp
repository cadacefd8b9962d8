#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/cache/ports.hpp"
#include "infra/redis/clients.hpp"

namespace codelab::infra::redis {

/// The cache that all processes share. A user's generation is a key of its own; a value carries the generation that it
/// was loaded under and counts only while that is the present one. So an invalidation, which moves the generation on,
/// holds for every process at once. Each call is one atomic step at the server, in one round trip.
///
/// A generation is a point in the server's time, so that one that was lost (evicted, flushed, failed over) never comes
/// again. While Redis is away every get() misses. An invalidation that could not be told, or whose caller was cancelled
/// before it was, is told again until it was; meanwhile this process misses for that user. Other processes that still
/// reach Redis may serve the old value until then, but never longer than its time to live.
///
/// Thread-safe. Outlives the coroutines of `clients`: destroyed after Clients::stop().
class RedisCache final : public core::cache::Cache {
 public:
  /// What is put for longer is kept for so long.
  static constexpr std::chrono::seconds kLongestTtl{600};

  explicit RedisCache(Clients& clients) : clients_(clients) {}

  base::Task<Lookup> get(core::identity::UserScope scope, std::string key) override;
  base::Task<> put(core::identity::UserScope scope, std::string key, std::string value, std::uint64_t generation,
                   std::chrono::seconds ttl) override;
  base::Task<> invalidate(core::identity::UserScope scope) override;

  /// Invalidations that Redis has not confirmed yet.
  std::size_t owed() const;

 private:
  struct Owed {
    core::identity::UserScope scope;
    std::uint64_t ticket;
    SteadyTime since;
  };

  bool owes(const base::UserId& user) const;
  std::uint64_t owe(const core::identity::UserScope& scope);
  void paid(const base::UserId& user, std::uint64_t ticket);
  /// What is owed still; what no value can outlive any more is forgotten.
  std::vector<Owed> still_owed();
  /// Starts pay(), unless it runs.
  void start_paying();
  base::Task<> pay();
  base::Task<bool> tell(core::identity::UserScope scope);

  Clients& clients_;
  mutable std::mutex mutex_;
  std::unordered_map<base::UserId, Owed> owed_;
  std::uint64_t last_ticket_ = 0;
  bool paying_ = false;
};

}  // namespace codelab::infra::redis
