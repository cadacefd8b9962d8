#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <span>
#include <vector>

#include "infra/vectors/quantized_collection.hpp"
#include "infra/vectors/rescore.hpp"

namespace codelab::infra::vectors {

/// A QuantizedCollection that threads share: searches run side by side, a change runs alone. A change that waits goes
/// before searches that come after it, so a busy collection never keeps a writer waiting for longer than the searches
/// already running. Every call is thread-safe and may block for that long.
class CachedCollection {
 public:
  using Content = QuantizedCollection;
  using Row = std::vector<float>;

  explicit CachedCollection(QuantizedCollection collection);

  std::vector<Candidate> search(std::span<const float> query, std::size_t top,
                                std::optional<std::span<const std::int64_t>> allowed_ids = std::nullopt) const;
  void add(std::int64_t row_id, std::span<const float> unit_vector);
  bool remove(std::int64_t row_id);

  /// See rescore.hpp. Nullopt when the float32 vectors are not kept here: then the caller must fetch them.
  std::optional<std::vector<Match>> rescore(std::span<const float> query, std::span<const Candidate> candidates,
                                            std::size_t top_k) const;

  std::size_t size() const;
  bool contains(std::int64_t row_id) const;

  /// Never blocks.
  std::size_t bytes() const noexcept { return bytes_.load(std::memory_order_relaxed); }

 private:
  std::shared_lock<std::shared_mutex> reading() const;
  std::unique_lock<std::shared_mutex> writing() const;

  /// Held only while waiting for mutex_: whoever waits for it exclusively keeps later readers out.
  mutable std::mutex turn_;
  mutable std::shared_mutex mutex_;
  QuantizedCollection collection_;
  std::atomic<std::size_t> bytes_;
};

}  // namespace codelab::infra::vectors
