#pragma once

#include <cstddef>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/ids.hpp"

namespace codelab::infra::postgres {

/// Which shard which user lives in, as far as this process has heard. It may be out of date: the shard itself refuses
/// who is not there (codelab_enter). That holds for users without an entry in the directory too, whose place is `main`:
/// nobody asks for a user before they are made, and whoever leaves `main` leaves a fence there. Thread-safe.
class Placement {
 public:
  /// The names of the shards, `main` first. About `most` users are remembered, the least used are forgotten.
  explicit Placement(std::vector<std::string> names, std::size_t most = 200'000)
      : names_(std::move(names)), half_(most / 2) {}

  const std::vector<std::string>& names() const { return names_; }
  /// Throws base::StoreError for a shard that is not in the settings.
  std::size_t number_of(std::string_view name) const;
  /// Where a user who is not anywhere yet is to live.
  std::size_t for_newcomer(const base::UserId& user) const;

  std::optional<std::size_t> known(const base::UserId& user);
  void keep(const base::UserId& user, std::size_t shard);
  void forget(const base::UserId& user);

 private:
  /// With the mutex held.
  void remember(const base::UserId& user, std::size_t shard);

  using Places = std::unordered_map<base::UserId, std::size_t>;

  const std::vector<std::string> names_;
  const std::size_t half_;
  std::mutex mutex_;
  /// Those used since the last turn, and those used in the one before: when the first are many, the second go.
  Places recent_;
  Places older_;
};

}  // namespace codelab::infra::postgres
