#include "infra/inprocess/cache_shard.hpp"

#include <utility>

namespace codelab::infra::inprocess {
namespace {

/// What an entry costs beside its texts: list node, index nodes, its share of the tables.
constexpr std::size_t kEntryOverhead = 256;
/// Users without a value that are remembered for their invalidation.
constexpr std::size_t kMaxIdleUsers = 1024;

}  // namespace

std::size_t CacheShard::cost_of(const Entry& entry) { return kEntryOverhead + entry.key.size() + entry.value.size(); }

std::optional<std::string> CacheShard::get(const base::UserId& user, std::string_view key, SteadyTime now) {
  const auto owner = users_.find(user);
  if (owner == users_.end()) return std::nullopt;
  const auto found = owner->second.entries.find(key);
  if (found == owner->second.entries.end()) return std::nullopt;
  const auto entry = found->second;
  if (entry->expires_at <= now) {
    remove(entry);
    return std::nullopt;
  }
  entries_.splice(entries_.begin(), entries_, entry);
  return entry->value;
}

void CacheShard::put(const base::UserId& user, std::string key, std::string value, std::uint64_t generation,
                     SteadyTime expires_at) {
  const auto known = users_.find(user);
  const std::uint64_t invalidated_at = known == users_.end() ? forgotten_before_ : known->second.invalidated_at;
  if (generation < invalidated_at) return;
  Entry entry{user, std::move(key), std::move(value), expires_at};
  if (known != users_.end()) {
    const auto old = known->second.entries.find(entry.key);
    if (old != known->second.entries.end()) remove(old->second);
  }
  const std::size_t cost = cost_of(entry);
  if (cost > max_bytes_) return;
  while (bytes_ + cost > max_bytes_) remove(std::prev(entries_.end()));
  entries_.push_front(std::move(entry));
  bytes_ += cost;
  const auto [owner, is_new] = users_.try_emplace(user, User{.invalidated_at = invalidated_at, .entries = {}});
  if (!is_new && owner->second.entries.empty()) --idle_users_;
  owner->second.entries.emplace(entries_.front().key, entries_.begin());
}

void CacheShard::invalidate(const base::UserId& user) {
  const auto [owner, is_new] = users_.try_emplace(user);
  User& state = owner->second;
  state.invalidated_at = ++generation_;
  if (is_new || !state.entries.empty()) ++idle_users_;
  for (const auto& [key, entry] : state.entries) bytes_ -= cost_of(*entry);
  for (const auto& [key, entry] : std::exchange(state.entries, {})) entries_.erase(entry);
  if (idle_users_ > kMaxIdleUsers) forget_idle_users();
}

void CacheShard::remove(Entries::iterator entry) {
  bytes_ -= cost_of(*entry);
  const auto owner = users_.find(entry->user);
  owner->second.entries.erase(entry->key);
  entries_.erase(entry);
  if (!owner->second.entries.empty()) return;
  if (owner->second.invalidated_at <= forgotten_before_) {
    users_.erase(owner);
  } else {
    ++idle_users_;
  }
}

void CacheShard::forget_idle_users() {
  std::erase_if(users_, [](const Users::value_type& user) { return user.second.entries.empty(); });
  idle_users_ = 0;
  forgotten_before_ = generation_;
}

}  // namespace codelab::infra::inprocess
