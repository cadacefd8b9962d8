#include "core/identity/verified_tokens.hpp"

#include <functional>

namespace codelab::core::identity {

std::optional<AccessClaims> VerifiedTokens::find(std::string_view token) const {
  const Shard& shard = shards_[std::hash<std::string_view>{}(token) % shards_.size()];
  const std::scoped_lock lock(shard.mutex);
  const auto found = shard.tokens.find(token);
  if (found == shard.tokens.end()) return std::nullopt;
  return found->second;
}

void VerifiedTokens::add(std::string_view token, const AccessClaims& claims) {
  Shard& shard = shards_[std::hash<std::string_view>{}(token) % shards_.size()];
  const std::scoped_lock lock(shard.mutex);
  if (shard.tokens.size() >= kTokensPerShard) shard.tokens.clear();
  shard.tokens.insert_or_assign(std::string(token), claims);
}

}  // namespace codelab::core::identity
