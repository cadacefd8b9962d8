#include "infra/vectors/collection_cache.hpp"

#include <algorithm>
#include <utility>

namespace codelab::infra::vectors {

std::shared_ptr<CachedCollection> CollectionCache::get_or_build(const Key& key, const Builder& builder) {
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

std::shared_ptr<CachedCollection> CollectionCache::wait_for(const std::shared_ptr<Build>& build,
                                                            std::unique_lock<std::mutex>& lock) {
  built_.wait(lock, [&] { return build->done; });
  if (build->error) std::rethrow_exception(build->error);
  return build->result;
}

std::shared_ptr<CachedCollection> CollectionCache::build_now(const Key& key, const std::shared_ptr<Build>& build,
                                                             const Builder& builder) {
  try {
    auto collection = std::make_shared<CachedCollection>(builder());
    keep(key, build, collection);
    finish(key, build, collection, nullptr);
    return collection;
  } catch (...) {
    finish(key, build, nullptr, std::current_exception());
    throw;
  }
}

/// Applies what was reported meanwhile, in rounds, until nothing is left; then the collection becomes the key's.
void CollectionCache::keep(const Key& key, const std::shared_ptr<Build>& build,
                           const std::shared_ptr<CachedCollection>& collection) {
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

void CollectionCache::finish(const Key& key, const std::shared_ptr<Build>& build,
                             std::shared_ptr<CachedCollection> result, std::exception_ptr error) noexcept {
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
bool CollectionCache::is_current(const Key& key, const std::shared_ptr<Build>& build) const {
  const auto found = builds_.find(key);
  return found != builds_.end() && found->second == build;
}

void CollectionCache::apply(CachedCollection& collection, const Change& change) {
  if (change.vector) {
    collection.add(change.row_id, *change.vector);
  } else {
    collection.remove(change.row_id);
  }
}

void CollectionCache::added(const Key& key, std::int64_t row_id, std::span<const float> unit_vector) noexcept {
  try {
    report(key, {row_id, std::vector<float>(unit_vector.begin(), unit_vector.end())});
  } catch (...) {
    erase(key);
  }
}

void CollectionCache::removed(const Key& key, std::int64_t row_id) noexcept { report(key, {row_id, std::nullopt}); }

void CollectionCache::report(const Key& key, Change change) noexcept {
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
std::shared_ptr<CachedCollection> CollectionCache::resident_or_note(const Key& key, Change& change) {
  const std::lock_guard lock(mutex_);
  if (const auto build = builds_.find(key); build != builds_.end()) {
    build->second->reported.push_back(std::move(change));
    return nullptr;
  }
  const auto found = residents_.find(key);
  return found != residents_.end() ? found->second.collection : nullptr;
}

void CollectionCache::count_bytes(const Key& key, const CachedCollection& collection) {
  std::vector<Resident> evicted;
  const std::lock_guard lock(mutex_);
  const auto found = residents_.find(key);
  if (found == residents_.end() || found->second.collection.get() != &collection) return;
  const std::size_t bytes = collection.bytes();
  bytes_ = bytes_ - found->second.bytes + bytes;
  found->second.bytes = bytes;
  evicted = evict();
}

void CollectionCache::erase(const Key& key) noexcept {
  std::shared_ptr<CachedCollection> dropped;
  const std::lock_guard lock(mutex_);
  builds_.erase(key);
  const auto found = residents_.find(key);
  if (found == residents_.end()) return;
  bytes_ -= found->second.bytes;
  dropped = std::move(found->second.collection);
  residents_.erase(found);
}

/// Returns what was dropped, for the caller to free when mutex_ is no longer held: that may take long.
std::vector<CollectionCache::Resident> CollectionCache::evict() {
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

std::size_t CollectionCache::bytes() const {
  const std::lock_guard lock(mutex_);
  return bytes_;
}

std::size_t CollectionCache::size() const {
  const std::lock_guard lock(mutex_);
  return residents_.size();
}

}  // namespace codelab::infra::vectors
