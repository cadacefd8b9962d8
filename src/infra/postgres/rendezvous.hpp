#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/ids.hpp"

namespace codelab::infra::postgres {

/// How much a user is drawn to a shard: the same in every build, on every machine.
std::uint64_t draw(const base::UserId& user, std::string_view shard);

/// The shard that draws the user most: highest random weight, "rendezvous" hashing (Thaler and Ravishankar, "Using
/// name-based mappings to increase hit rates", IEEE/ACM Transactions on Networking 6(1), 1998). Each shard gets an even
/// share, and one more takes its own from all others and moves nobody between those. `shards` is not empty.
std::size_t drawn_to(const base::UserId& user, std::span<const std::string> shards);

}  // namespace codelab::infra::postgres
