#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace codelab::infra::derived {

/// Values by key, dropped least recently used first when their bytes together pass the limit. The one used last stays
/// even if it alone is larger than the limit: to build it anew for every use would cost far more. Not thread-safe.
///
/// What is dropped is returned, for the caller to free when it holds no lock: that may take long.
template <class Value>
class Residents {
 public:
  using Key = std::string;
  using Dropped = std::vector<std::shared_ptr<Value>>;

  explicit Residents(std::size_t byte_limit) : byte_limit_(byte_limit) {}

  /// Null when the key is absent.
  std::shared_ptr<Value> find(const Key& key) const {
    const auto found = residents_.find(key);
    return found == residents_.end() ? nullptr : found->second.value;
  }
  /// The same, as a use.
  std::shared_ptr<Value> use(const Key& key) {
    const auto found = residents_.find(key);
    if (found == residents_.end()) return nullptr;
    found->second.last_used = ++uses_;
    return found->second.value;
  }
  /// Keeps `value`, which counts as a use. The key is absent.
  Dropped put(const Key& key, std::shared_ptr<Value> value);
  /// Counts the bytes of `value` anew if the key still has it.
  Dropped recount(const Key& key, const Value& value);
  /// Returns what the key had.
  std::shared_ptr<Value> erase(const Key& key);

  std::size_t bytes() const { return bytes_; }
  std::size_t size() const { return residents_.size(); }

 private:
  struct Resident {
    std::shared_ptr<Value> value;
    std::size_t bytes;
    std::uint64_t last_used;
  };

  Dropped evict();

  const std::size_t byte_limit_;
  std::unordered_map<Key, Resident> residents_;
  std::size_t bytes_ = 0;
  std::uint64_t uses_ = 0;
};

template <class Value>
typename Residents<Value>::Dropped Residents<Value>::put(const Key& key, std::shared_ptr<Value> value) {
  const std::size_t bytes = value->bytes();
  residents_.emplace(key, Resident{std::move(value), bytes, ++uses_});
  bytes_ += bytes;
  return evict();
}

template <class Value>
typename Residents<Value>::Dropped Residents<Value>::recount(const Key& key, const Value& value) {
  const auto found = residents_.find(key);
  if (found == residents_.end() || found->second.value.get() != &value) return {};
  const std::size_t bytes = value.bytes();
  bytes_ = bytes_ - found->second.bytes + bytes;
  found->second.bytes = bytes;
  return evict();
}

template <class Value>
std::shared_ptr<Value> Residents<Value>::erase(const Key& key) {
  const auto found = residents_.find(key);
  if (found == residents_.end()) return nullptr;
  bytes_ -= found->second.bytes;
  auto erased = std::move(found->second.value);
  residents_.erase(found);
  return erased;
}

template <class Value>
typename Residents<Value>::Dropped Residents<Value>::evict() {
  Dropped dropped;
  while (bytes_ > byte_limit_ && residents_.size() > 1) {
    const auto oldest =
        std::ranges::min_element(residents_, {}, [](const auto& resident) { return resident.second.last_used; });
    bytes_ -= oldest->second.bytes;
    dropped.push_back(std::move(oldest->second.value));
    residents_.erase(oldest);
  }
  return dropped;
}

}  // namespace codelab::infra::derived
