#include "core/identity/authenticator.hpp"

#include <algorithm>

#include "core/identity/jwt.hpp"

namespace codelab::core::identity {
namespace {

constexpr std::string_view kScheme = "bearer ";

constexpr char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

/// What follows the scheme (RFC 6750; its name in any case); empty when the header is none of a bearer.
std::string_view bearer_token(std::string_view authorization) {
  if (authorization.size() < kScheme.size()) return {};
  const bool bearer = std::ranges::equal(authorization.substr(0, kScheme.size()), kScheme, {}, lower);
  if (!bearer) return {};
  const auto begin = authorization.find_first_not_of(' ', kScheme.size());
  return begin == std::string_view::npos ? std::string_view{} : authorization.substr(begin);
}

}  // namespace

base::Error ended_login() {
  return base::make_error(base::ErrorCode::token_invalid, "the login of this access token has ended");
}

Authenticator::Authenticator(AuthSessions& sessions, const JwtKeys& keys, const base::Clock& clock)
    : sessions_(sessions), keys_(keys), clock_(clock) {}

base::Result<AccessClaims> Authenticator::verified(std::string_view token) {
  const base::Timestamp now = clock_.now();
  const auto known = verified_.find(token);
  if (known && base::to_micros(now) < known->expires_at * 1'000'000) return *known;
  auto claims = verify_access_token(keys_, token, now);
  if (claims) verified_.add(token, *claims);
  return claims;
}

base::Task<base::Result<Identity>> Authenticator::authenticate(std::string authorization) {
  const std::string_view token = bearer_token(authorization);
  if (token.empty()) co_return base::make_error(base::ErrorCode::token_missing, "a bearer access token is required");
  const auto claims = verified(token);
  if (!claims) co_return claims.error();
  const UserScope scope = ScopeIssuer::open(claims->user);
  const bool alive = co_await sessions_.alive(scope, claims->session);
  if (!alive) co_return ended_login();
  co_return Identity{.scope = scope, .session = claims->session};
}

}  // namespace codelab::core::identity
