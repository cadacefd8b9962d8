#include "infra/inprocess/cache.hpp"

namespace codelab::infra::inprocess {

using core::identity::UserScope;

InProcessCache::InProcessCache(std::size_t max_bytes, SteadyNow now, std::size_t shards) : now_(std::move(now)) {
  for (std::size_t i = 0; i < shards; ++i) shards_.push_back(std::make_unique<Shard>(max_bytes / shards));
}

base::Task<InProcessCache::Lookup> InProcessCache::get(UserScope scope, std::string key) {
  Shard& shard = shard_of(scope.user());
  const SteadyTime now = now_();
  const std::scoped_lock lock(shard.mutex);
  co_return Lookup{.value = shard.values.get(scope.user(), key, now), .generation = shard.values.generation()};
}

base::Task<> InProcessCache::put(UserScope scope, std::string key, std::string value, std::uint64_t generation,
                                 std::chrono::seconds ttl) {
  Shard& shard = shard_of(scope.user());
  const SteadyTime expires_at = now_() + ttl;
  const std::scoped_lock lock(shard.mutex);
  shard.values.put(scope.user(), std::move(key), std::move(value), generation, expires_at);
  co_return;
}

base::Task<> InProcessCache::invalidate(UserScope scope) {
  Shard& shard = shard_of(scope.user());
  const std::scoped_lock lock(shard.mutex);
  shard.values.invalidate(scope.user());
  co_return;
}

std::size_t InProcessCache::bytes() const {
  std::size_t sum = 0;
  for (const auto& shard : shards_) {
    const std::scoped_lock lock(shard->mutex);
    sum += shard->values.bytes();
  }
  return sum;
}

}  // namespace codelab::infra::inprocess
