#pragma once

#include <algorithm>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace codelab::infra::derived {

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
///
/// A Collection is thread-safe, made of a Collection::Content, and has add(row_id, Row), remove(row_id) and bytes(),
/// which never blocks.
template <class Collection>
class DerivedCache {
 public:
  using Key = std::string;
  using Row = Collection::Row;
  using Builder = std::function<typename Collection::Content()>;

  explicit DerivedCache(std::size_t byte_limit) : byte_limit_(byte_limit) {}

  /// The key's collection; when it is absent, `builder` makes it on this thread while others that ask for the same key
  /// wait for the result. What `builder` throws reaches all of them, and the next call builds again.
  std::shared_ptr<Collection> get_or_build(const Key& key, const Builder& builder);

  /// Reports a committed row. Does nothing when the key is neither present nor being built. When the row cannot be
  /// taken in (no memory, of another kind) the collection is not kept, and the next search builds anew.
  void added(const Key& key, std::int64_t row_id, Row row) noexcept;

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
    std::optional<Row> row;
  };

  struct Build {
    std::vector<Change> reported;
    bool done = false;
    std::shared_ptr<Collection> result;
    std::exception_ptr error;
  };

  struct Resident {
    std::shared_ptr<Collection> collection;
    std::size_t bytes;
    std::uint64_t last_used;
  };

  static void apply(Collection& collection, const Change& change);

  std::shared_ptr<Collection> wait_for(const std::shared_ptr<Build>& build, std::unique_lock<std::mutex>& lock);
  std::shared_ptr<Collection> build_now(const Key& key, const std::shared_ptr<Build>& build, const Builder& builder);
  void keep(const Key& key, const std::shared_ptr<Build>& build, const std::shared_ptr<Collection>& collection);
  void finish(const Key& key, const std::shared_ptr<Build>& build, std::shared_ptr<Collection> result,
              std::exception_ptr error) noexcept;
  bool is_current(const Key& key, const std::shared_ptr<Build>& build) const;
  void report(const Key& key, Change change) noexcept;
  std::shared_ptr<Collection> resident_or_note(const Key& key, Change& change);
  void count_bytes(const Key& key, const Collection& collection);
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

template <class Collection>
std::shared_ptr<Collection> DerivedCache<Collection>::get_or_build(const Key& key, const Builder& builder) {
  std::unique_lock lock(mutex_);
  if (const auto found = residents_.find(key); found != residents_.end()) {
    found->second.last_used = ++uses_;
    return found->second.collection;
  }
  if (const auto found = builds_.find(key); found != builds_.end()) {
    const auto build = found->second;
    return wait_for(build, lock);
  }
  const auto build = std::make_shared<Build>();
  builds_.emplace(key, build);
  lock.unlock();
  return build_now(key, build, builder);
}

template <class Collection>
std::shared_ptr<Collection> DerivedCache<Collection>::wait_for(const std::shared_ptr<Build>& build,
                                                               std::unique_lock<std::mutex>& lock) {
  built_.wait(lock, [&] { return build->done; });
  if (build->error) std::rethrow_exception(build->error);
  return build->result;
}

template <class Collection>
std::shared_ptr<Collection> DerivedCache<Collection>::build_now(const Key& key, const std::shared_ptr<Build>& build,
                                                                const Builder& builder) {
  try {
    auto collection = std::make_shared<Collection>(builder());
    keep(key, build, collection);
    finish(key, build, collection, nullptr);
    return collection;
  } catch (...) {
    finish(key, build, nullptr, std::current_exception());
    throw;
  }
}

/// Applies what was reported meanwhile, in rounds, until nothing is left; then the collection becomes the key's.
template <class Collection>
void DerivedCache<Collection>::keep(const Key& key, const std::shared_ptr<Build>& build,
                                    const std::shared_ptr<Collection>& collection) {
  for (;;) {
    std::vector<Change> reported;
    std::vector<Resident> evicted;
    {
      const std::lock_guard lock(mutex_);
      if (!is_current(key, build)) return;
      reported.swap(build->reported);
      if (reported.empty()) {
        residents_.emplace(key, Resident{collection, collection->bytes(), ++uses_});
        builds_.erase(key);
        bytes_ += collection->bytes();
        evicted = evict();
        return;
      }
    }
    try {
      for (const auto& change : reported) apply(*collection, change);
    } catch (...) {
      return erase(key);
    }
  }
}

template <class Collection>
void DerivedCache<Collection>::finish(const Key& key, const std::shared_ptr<Build>& build,
                                      std::shared_ptr<Collection> result, std::exception_ptr error) noexcept {
  {
    const std::lock_guard lock(mutex_);
    if (is_current(key, build)) builds_.erase(key);
    build->done = true;
    build->result = std::move(result);
    build->error = std::move(error);
  }
  built_.notify_all();
}

/// False once erase() has forgotten the build, even if the same key is being built again.
template <class Collection>
bool DerivedCache<Collection>::is_current(const Key& key, const std::shared_ptr<Build>& build) const {
  const auto found = builds_.find(key);
  return found != builds_.end() && found->second == build;
}

template <class Collection>
void DerivedCache<Collection>::apply(Collection& collection, const Change& change) {
  if (change.row) {
    collection.add(change.row_id, *change.row);
  } else {
    collection.remove(change.row_id);
  }
}

template <class Collection>
void DerivedCache<Collection>::added(const Key& key, std::int64_t row_id, Row row) noexcept {
  report(key, {row_id, std::move(row)});
}

template <class Collection>
void DerivedCache<Collection>::removed(const Key& key, std::int64_t row_id) noexcept {
  report(key, {row_id, std::nullopt});
}

template <class Collection>
void DerivedCache<Collection>::report(const Key& key, Change change) noexcept {
  try {
    const auto resident = resident_or_note(key, change);
    if (!resident) return;
    apply(*resident, change);
    count_bytes(key, *resident);
  } catch (...) {
    erase(key);
  }
}

/// Null when the key is absent, or being built and the change noted for it.
template <class Collection>
std::shared_ptr<Collection> DerivedCache<Collection>::resident_or_note(const Key& key, Change& change) {
  const std::lock_guard lock(mutex_);
  if (const auto build = builds_.find(key); build != builds_.end()) {
    build->second->reported.push_back(std::move(change));
    return nullptr;
  }
  const auto found = residents_.find(key);
  return found != residents_.end() ? found->second.collection : nullptr;
}

template <class Collection>
void DerivedCache<Collection>::count_bytes(const Key& key, const Collection& collection) {
  std::vector<Resident> evicted;
  const std::lock_guard lock(mutex_);
  const auto found = residents_.find(key);
  if (found == residents_.end() || found->second.collection.get() != &collection) return;
  const std::size_t bytes = collection.bytes();
  bytes_ = bytes_ - found->second.bytes + bytes;
  found->second.bytes = bytes;
  evicted = evict();
}

template <class Collection>
void DerivedCache<Collection>::erase(const Key& key) noexcept {
  std::shared_ptr<Collection> dropped;
  const std::lock_guard lock(mutex_);
  builds_.erase(key);
  const auto found = residents_.find(key);
  if (found == residents_.end()) return;
  bytes_ -= found->second.bytes;
  dropped = std::move(found->second.collection);
  residents_.erase(found);
}

/// Returns what was dropped, for the caller to free when mutex_ is no longer held: that may take long.
template <class Collection>
std::vector<typename DerivedCache<Collection>::Resident> DerivedCache<Collection>::evict() {
  std::vector<Resident> evicted;
  while (bytes_ > byte_limit_ && residents_.size() > 1) {
    const auto oldest =
        std::ranges::min_element(residents_, {}, [](const auto& resident) { return resident.second.last_used; });
    evicted.push_back(std::move(oldest->second));
    bytes_ -= evicted.back().bytes;
    residents_.erase(oldest);
  }
  return evicted;
}

template <class Collection>
std::size_t DerivedCache<Collection>::bytes() const {
  const std::lock_guard lock(mutex_);
  return bytes_;
}

template <class Collection>
std::size_t DerivedCache<Collection>::size() const {
  const std::lock_guard lock(mutex_);
  return residents_.size();
}

}  // namespace codelab::infra::derived
