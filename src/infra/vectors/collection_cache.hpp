#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "infra/vectors/cached_collection.hpp"

namespace codelab::infra::vectors {

/// Collections in memory, built on first use from the store that holds the truth, and dropped least recently used first
/// when their bytes together pass the limit. The one used last stays even if it alone is larger than the limit: to
/// build it anew for every search would cost far more.
///
/// What keeps a collection and its store in step, without a lock across both:
///  1. A builder opens its read snapshot inside the call. It may load all rows of the key and must not call the cache.
///  2. A writer commits first, then reports with added() or removed(); changes of one row in the order of their
///  commits.
///  3. While a key is being built, reports are kept and applied to the finished collection before anyone sees it.
/// So a row committed before the snapshot comes with the snapshot, and a row committed after it is reported after the
/// build began, and comes with the report. A row that comes both ways is there once, for add() replaces.
///
/// Every call is thread-safe. Ask for a collection at each search: one that is kept longer may be dropped here, and
/// then hears of no more changes.
class CollectionCache {
 public:
  using Key = std::string;
  using Builder = std::function<QuantizedCollection()>;

  explicit CollectionCache(std::size_t byte_limit) : byte_limit_(byte_limit) {}

  /// The key's collection; when it is absent, `builder` makes it on this thread while others that ask for the same key
  /// wait for the result. What `builder` throws reaches all of them, and the next call builds again.
  std::shared_ptr<CachedCollection> get_or_build(const Key& key, const Builder& builder);

  /// Reports a committed row. Does nothing when the key is neither present nor being built. When the row cannot be
  /// taken in (no memory, another dimension) the collection is not kept, and the next search builds anew.
  void added(const Key& key, std::int64_t row_id, std::span<const float> unit_vector) noexcept;

  /// Reports a committed removal, likewise.
  void removed(const Key& key, std::int64_t row_id) noexcept;

  /// Drops the collection. One that is being built goes to those who wait for it, and is not kept.
  void erase(const Key& key) noexcept;

  /// Bytes of the collections present; those still being built do not count yet.
  std::size_t bytes() const;

  /// How many collections are present.
  std::size_t size() const;

 private:
  struct Change {
    std::int64_t row_id;
    /// Absent when the row was removed.
    std::optional<std::vector<float>> vector;
  };

  struct Build {
    std::vector<Change> reported;
    bool done = false;
    std::shared_ptr<CachedCollection> result;
    std::exception_ptr error;
  };

  struct Resident {
    std::shared_ptr<CachedCollection> collection;
    std::size_t bytes;
    std::uint64_t last_used;
  };

  static void apply(CachedCollection& collection, const Change& change);

  std::shared_ptr<CachedCollection> wait_for(const std::shared_ptr<Build>& build, std::unique_lock<std::mutex>& lock);
  std::shared_ptr<CachedCollection> build_now(const Key& key, const std::shared_ptr<Build>& build,
                                              const Builder& builder);
  void keep(const Key& key, const std::shared_ptr<Build>& build, const std::shared_ptr<CachedCollection>& collection);
  void finish(const Key& key, const std::shared_ptr<Build>& build, std::shared_ptr<CachedCollection> result,
              std::exception_ptr error) noexcept;
  bool is_current(const Key& key, const std::shared_ptr<Build>& build) const;
  void report(const Key& key, Change change) noexcept;
  std::shared_ptr<CachedCollection> resident_or_note(const Key& key, Change& change);
  void count_bytes(const Key& key, const CachedCollection& collection);
  std::vector<Resident> evict();

  const std::size_t byte_limit_;
  mutable std::mutex mutex_;
  std::condition_variable built_;
  /// A key is in at most one of the two.
  std::unordered_map<Key, std::shared_ptr<Build>> builds_;
  std::unordered_map<Key, Resident> residents_;
  std::size_t bytes_ = 0;
  std::uint64_t uses_ = 0;
};

}  // namespace codelab::infra::vectors
