#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <vector>

#include "core/cache/ports.hpp"
#include "infra/inprocess/cache_shard.hpp"
#include "infra/inprocess/steady_time.hpp"

namespace codelab::infra::inprocess {

/// The cache of a server that is alone. Users are spread over shards with a lock and a share of the bytes each; a
/// value that is too big for its shard is not kept. Never waits for anything but a lock. Thread-safe.
class InProcessCache final : public core::cache::Cache {
 public:
  static constexpr std::size_t kDefaultBytes = 32UL * 1024 * 1024;

  explicit InProcessCache(std::size_t max_bytes = kDefaultBytes, SteadyNow now = std::chrono::steady_clock::now,
                          std::size_t shards = 16);

  base::Task<Lookup> get(core::identity::UserScope scope, std::string key) override;
  base::Task<> put(core::identity::UserScope scope, std::string key, std::string value, std::uint64_t generation,
                   std::chrono::seconds ttl) override;
  base::Task<> invalidate(core::identity::UserScope scope) override;

  std::size_t bytes() const;

 private:
  struct Shard {
    explicit Shard(std::size_t max_bytes) : values(max_bytes) {}
    mutable std::mutex mutex;
    CacheShard values;
  };

  Shard& shard_of(const base::UserId& user) { return *shards_[std::hash<base::UserId>{}(user) % shards_.size()]; }

  SteadyNow now_;
  std::vector<std::unique_ptr<Shard>> shards_;
};

}  // namespace codelab::infra::inprocess
