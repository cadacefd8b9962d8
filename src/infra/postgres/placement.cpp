#include "infra/postgres/placement.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "base/store_error.hpp"
#include "infra/postgres/rendezvous.hpp"

namespace codelab::infra::postgres {

std::size_t Placement::number_of(std::string_view name) const {
  const auto found = std::ranges::find(names_, name);
  if (found != names_.end()) return static_cast<std::size_t>(found - names_.begin());
  throw base::StoreError(fmt::format("postgres: a user lives in the shard {}, which the settings do not name", name));
}

std::size_t Placement::for_newcomer(const base::UserId& user) const { return drawn_to(user, names_); }

std::optional<std::size_t> Placement::known(const base::UserId& user) {
  const std::lock_guard lock(mutex_);
  if (const auto found = recent_.find(user); found != recent_.end()) return found->second;
  const auto found = older_.find(user);
  if (found == older_.end()) return std::nullopt;
  const auto shard = found->second;
  remember(user, shard);
  return shard;
}

void Placement::keep(const base::UserId& user, std::size_t shard) {
  const std::lock_guard lock(mutex_);
  remember(user, shard);
}

void Placement::remember(const base::UserId& user, std::size_t shard) {
  if (recent_.size() >= half_) {
    older_ = std::move(recent_);
    recent_.clear();
  }
  older_.erase(user);
  recent_.insert_or_assign(user, shard);
}

void Placement::forget(const base::UserId& user) {
  const std::lock_guard lock(mutex_);
  recent_.erase(user);
  older_.erase(user);
}

}  // namespace codelab::infra::postgres
