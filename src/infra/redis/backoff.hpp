#pragma once

#include <chrono>
#include <random>

#include "infra/redis/options.hpp"

namespace codelab::infra::redis {

/// How long to wait before the next attempt. Not thread-safe.
class Backoff {
 public:
  explicit Backoff(const Options& options)
      : first_(options.first_backoff), last_(options.last_backoff), next_(options.first_backoff) {}

  std::chrono::milliseconds next() {
    const auto whole = next_;
    next_ = std::min(last_, next_ * 2);
    std::uniform_int_distribution<std::int64_t> length((whole.count() + 1) / 2, whole.count());
    return std::chrono::milliseconds(length(random_));
  }
  void reset() { next_ = first_; }

 private:
  std::chrono::milliseconds first_;
  std::chrono::milliseconds last_;
  std::chrono::milliseconds next_;
  std::minstd_rand random_{std::random_device{}()};
};

}  // namespace codelab::infra::redis
