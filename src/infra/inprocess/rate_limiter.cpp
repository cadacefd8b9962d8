#include "infra/inprocess/rate_limiter.hpp"

#include <algorithm>

namespace codelab::infra::inprocess {
namespace {

/// Stale keys that one new key clears away: more than one, so that they cannot pile up.
constexpr int kClearedPerNewKey = 2;

}  // namespace

InProcessRateLimiter::InProcessRateLimiter(std::size_t max_keys, SteadyNow now, std::size_t shards)
    : now_(std::move(now)), start_(now_()), max_keys_per_shard_(std::max<std::size_t>(1, max_keys / shards)) {
  for (std::size_t i = 0; i < shards; ++i) shards_.push_back(std::make_unique<Shard>());
}

base::Task<core::cache::RateDecision> InProcessRateLimiter::take(std::string key, std::int64_t limit) {
  Shard& shard = *shards_[std::hash<std::string>{}(key) % shards_.size()];
  const std::scoped_lock lock(shard.mutex);
  const auto time = std::chrono::duration_cast<std::chrono::milliseconds>(now_() - start_);
  co_return window_of(shard, std::move(key), time).take(time, limit);
}

RateWindow& InProcessRateLimiter::window_of(Shard& shard, std::string key, std::chrono::milliseconds time) const {
  Entries& entries = shard.entries;
  const auto found = shard.index.find(key);
  if (found != shard.index.end()) {
    entries.splice(entries.begin(), entries, found->second);
    return entries.front().window;
  }
  for (int i = 0; i < kClearedPerNewKey && !entries.empty(); ++i) {
    if (entries.size() < max_keys_per_shard_ && !entries.back().window.is_stale(time)) break;
    shard.index.erase(entries.back().key);
    entries.pop_back();
  }
  entries.push_front({std::move(key), {}});
  shard.index.emplace(entries.front().key, entries.begin());
  return entries.front().window;
}

std::size_t InProcessRateLimiter::keys() const {
  std::size_t sum = 0;
  for (const auto& shard : shards_) {
    const std::scoped_lock lock(shard->mutex);
    sum += shard->entries.size();
  }
  return sum;
}

}  // namespace codelab::infra::inprocess
