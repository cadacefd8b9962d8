#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

namespace codelab::infra::vectors {

/// Keeps the `limit` best of a stream of scored slots, in amortised constant time each. Among equal scores the slots
/// offered first win.
class TopSelection {
 public:
  struct Scored {
    float score;
    std::uint32_t slot;
  };

  explicit TopSelection(std::size_t limit) : limit_(limit) {}

  void offer(float score, std::uint32_t slot) {
    if (!(score > threshold_)) return;
    kept_.push_back({score, slot});
    if (kept_.size() >= 2 * limit_ + kSlack) prune();
  }

  /// The best ones, in no particular order. Ends the selection.
  std::vector<Scored> take() {
    if (kept_.size() > limit_) prune();
    return std::move(kept_);
  }

 private:
  static constexpr std::size_t kSlack = 64;

  /// Only when more than `limit_` are kept.
  void prune() {
    const auto better = [](const Scored& left, const Scored& right) {
      return left.score != right.score ? left.score > right.score : left.slot < right.slot;
    };
    const auto last = kept_.begin() + static_cast<std::ptrdiff_t>(limit_ - 1);
    std::nth_element(kept_.begin(), last, kept_.end(), better);
    threshold_ = last->score;
    kept_.resize(limit_);
  }

  std::size_t limit_;
  float threshold_ = -std::numeric_limits<float>::infinity();
  std::vector<Scored> kept_;
};

}  // namespace codelab::infra::vectors
