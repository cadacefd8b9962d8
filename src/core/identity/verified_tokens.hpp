#pragma once

#include <array>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "core/identity/jwt.hpp"

namespace codelab::core::identity {

/// Access tokens whose signature was checked already, by their whole text: a client sends the same one a thousand
/// times. Whether a token has expired, and its login is alive, is asked anew each time. Bounded: a full shard is
/// emptied. Thread-safe.
class VerifiedTokens {
 public:
  std::optional<AccessClaims> find(std::string_view token) const;
  void add(std::string_view token, const AccessClaims& claims);

 private:
  static constexpr std::size_t kTokensPerShard = 1'024;

  struct Hash : std::hash<std::string_view> {
    using is_transparent = void;
  };
  struct Shard {
    mutable std::mutex mutex;
    std::unordered_map<std::string, AccessClaims, Hash, std::equal_to<>> tokens;
  };

  std::array<Shard, 16> shards_;
};

}  // namespace codelab::core::identity
