#pragma once

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

#include "infra/derived/residents.hpp"

namespace codelab::infra::derived {

/// Collections in memory, built on first use from the store that holds the truth, and dropped as Residents says.
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

  explicit DerivedCache(std::size_t byte_limit) : residents_(byte_limit) {}

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

  mutable std::mutex mutex_;
  std::condition_variable built_;
  /// A key is in at most one of the two.
  std::unordered_map<Key, std::shared_ptr<Build>> builds_;
  Residents<Collection> residents_;
};

template <class Collection>
std::shared_ptr<Collection> DerivedCache<Collection>::get_or_build(const Key& key, const Builder& builder) {
  std::unique_lock lock(mutex_);
  if (auto resident = residents_.use(key)) return resident;
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
    typename Residents<Collection>::Dropped dropped;
    {
      const std::lock_guard lock(mutex_);
      if (!is_current(key, build)) return;
      reported.swap(build->reported);
      if (reported.empty()) {
        dropped = residents_.put(key, collection);
        builds_.erase(key);
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
  return residents_.find(key);
}

template <class Collection>
void DerivedCache<Collection>::count_bytes(const Key& key, const Collection& collection) {
  typename Residents<Collection>::Dropped dropped;
  const std::lock_guard lock(mutex_);
  dropped = residents_.recount(key, collection);
}

template <class Collection>
void DerivedCache<Collection>::erase(const Key& key) noexcept {
  std::shared_ptr<Collection> dropped;
  const std::lock_guard lock(mutex_);
  builds_.erase(key);
  dropped = residents_.erase(key);
}

template <class Collection>
std::size_t DerivedCache<Collection>::bytes() const {
  const std::lock_guard lock(mutex_);
  return residents_.bytes();
}

template <class Collection>
std::size_t DerivedCache<Collection>::size() const {
  const std::lock_guard lock(mutex_);
  return residents_.size();
}

}  // namespace codelab::infra::derived
