#pragma once

#include <cstdint>
#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/ids.hpp"
#include "infra/inprocess/steady_time.hpp"

namespace codelab::infra::inprocess {

/// The values of some of the users, bounded by bytes, least recently used first out. Not thread-safe: the cache locks.
///
/// A generation is a point in the shard's logical time, which each invalidation moves on. get() hands out the present
/// one; put() is refused when its user was invalidated after it. Users without values are forgotten from time to time;
/// then `forgotten_before_` refuses what any of them might have to refuse.
class CacheShard {
 public:
  explicit CacheShard(std::size_t max_bytes) : max_bytes_(max_bytes) {}

  std::uint64_t generation() const { return generation_; }
  std::optional<std::string> get(const base::UserId& user, std::string_view key, SteadyTime now);
  void put(const base::UserId& user, std::string key, std::string value, std::uint64_t generation,
           SteadyTime expires_at);
  void invalidate(const base::UserId& user);
  std::size_t bytes() const { return bytes_; }
  std::size_t known_users() const { return users_.size(); }

 private:
  struct Entry {
    base::UserId user;
    std::string key;
    std::string value;
    SteadyTime expires_at;
  };
  using Entries = std::list<Entry>;
  struct User {
    std::uint64_t invalidated_at = 0;
    /// The keys are those inside the entries.
    std::unordered_map<std::string_view, Entries::iterator> entries;
  };
  using Users = std::unordered_map<base::UserId, User>;

  static std::size_t cost_of(const Entry& entry);
  void remove(Entries::iterator entry);
  void forget_idle_users();

  std::size_t max_bytes_;
  std::size_t bytes_ = 0;
  std::uint64_t generation_ = 0;
  std::uint64_t forgotten_before_ = 0;
  std::size_t idle_users_ = 0;
  /// Most recently used first.
  Entries entries_;
  Users users_;
};

}  // namespace codelab::infra::inprocess
