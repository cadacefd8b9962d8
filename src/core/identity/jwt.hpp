#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/ids.hpp"
#include "base/result.hpp"
#include "core/identity/jwt_keys.hpp"

namespace codelab::core::identity {

inline constexpr std::string_view kTokenIssuer = "codelab";
inline constexpr std::string_view kTokenAudience = "codelab-api";
inline constexpr std::size_t kMaxTokenBytes = 4096;
/// How far ahead of ours the clock of the process that signed may run (nbf, iat). An expired token is expired: exp
/// has no leeway.
inline constexpr std::chrono::seconds kClockLeeway{5};

using AccessTokenId = base::Id<struct AccessTokenTag>;

/// Beside these a token carries `iss` and `aud`, always the two above. Times are in whole seconds since 1970.
struct AccessClaims {
  base::UserId user;
  base::AuthSessionId session;
  AccessTokenId token_id;
  std::int64_t issued_at = 0;
  std::int64_t not_before = 0;
  std::int64_t expires_at = 0;
};

/// A compact JWS (RFC 7515), HS256, signed by the first key.
std::string sign_access_token(const JwtKeys& keys, const AccessClaims& claims);

/// The claims of a token that is ours, whole and valid at `now`. The signature is checked before the claims are read.
/// Errors: token_invalid.
base::Result<AccessClaims> verify_access_token(const JwtKeys& keys, std::string_view token, base::Timestamp now);

}  // namespace codelab::core::identity
