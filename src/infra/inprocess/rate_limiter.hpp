#pragma once

#include <cstddef>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/cache/ports.hpp"
#include "infra/inprocess/rate_window.hpp"
#include "infra/inprocess/steady_time.hpp"

namespace codelab::infra::inprocess {

/// The rate limiter of a server that is alone. Keys are spread over shards with a lock each. Keys whose requests no
/// longer count are forgotten as others come; at the bound the one that was quiet the longest is. Thread-safe.
class InProcessRateLimiter final : public core::cache::RateLimiter {
 public:
  static constexpr std::size_t kDefaultKeys = 65'536;

  explicit InProcessRateLimiter(std::size_t max_keys = kDefaultKeys, SteadyNow now = std::chrono::steady_clock::now,
                                std::size_t shards = 16);

  base::Task<core::cache::RateDecision> take(std::string key, std::int64_t limit) override;

  std::size_t keys() const;

 private:
  struct Entry {
    std::string key;
    RateWindow window;
  };
  using Entries = std::list<Entry>;
  struct Shard {
    mutable std::mutex mutex;
    /// Last touched first.
    Entries entries;
    /// The keys are those inside the entries.
    std::unordered_map<std::string_view, Entries::iterator> index;
  };

  RateWindow& window_of(Shard& shard, std::string key, std::chrono::milliseconds time) const;

  SteadyNow now_;
  SteadyTime start_;
  std::size_t max_keys_per_shard_;
  std::vector<std::unique_ptr<Shard>> shards_;
};

}  // namespace codelab::infra::inprocess
