#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <shared_mutex>
#include <vector>

#include "infra/derived/derived_cache.hpp"
#include "infra/words/word_index.hpp"

namespace codelab::infra::words {

/// A WordIndex that threads share: searches run side by side, a change runs alone. Each takes microseconds.
class CachedWords {
 public:
  using Content = WordIndex;
  using Row = CountedText;

  explicit CachedWords(WordIndex index) : index_(std::move(index)), bytes_(index_.bytes()) {}

  void add(std::int64_t row_id, const CountedText& text) {
    const std::unique_lock lock(mutex_);
    index_.add(row_id, text);
    bytes_.store(index_.bytes(), std::memory_order_relaxed);
  }
  bool remove(std::int64_t row_id) {
    const std::unique_lock lock(mutex_);
    const bool removed = index_.remove(row_id);
    bytes_.store(index_.bytes(), std::memory_order_relaxed);
    return removed;
  }
  std::optional<std::vector<WordHit>> search(const WordQuery& query) const {
    const std::shared_lock lock(mutex_);
    return index_.search(query);
  }
  /// Never blocks.
  std::size_t bytes() const noexcept { return bytes_.load(std::memory_order_relaxed); }

 private:
  mutable std::shared_mutex mutex_;
  WordIndex index_;
  std::atomic<std::size_t> bytes_;
};

/// The word indexes at hand.
using WordCache = derived::DerivedCache<CachedWords>;

}  // namespace codelab::infra::words
