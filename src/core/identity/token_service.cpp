#include "core/identity/token_service.hpp"

#include "core/identity/jwt.hpp"
#include "core/identity/refresh_token.hpp"

namespace codelab::core::identity {
namespace {

/// One text for every cause: whether a token ever was is nobody's business.
base::Error refusal() { return base::make_error(base::ErrorCode::token_invalid, "the refresh token is not valid"); }

}  // namespace

TokenService::TokenService(UserStore& users, AuthSessions& sessions, const JwtKeys& keys, const base::Clock& clock,
                           TokenLifetimes lifetimes)
    : users_(users), sessions_(sessions), keys_(keys), clock_(clock), lifetimes_(lifetimes) {}

base::Task<TokenPair> TokenService::open(User user) {
  const UserScope scope = ScopeIssuer::open(user.id);
  const RefreshToken token = RefreshToken::generate(user.id);
  const base::AuthSessionId session = base::AuthSessionId::generate();
  const base::Timestamp now = clock_.now();
  RefreshTokenRecord first{.token_hash = token.hash(), .session = session, .expires_at = now + lifetimes_.refresh};
  co_await users_.open_session(scope, std::move(first), now);
  co_return make_pair(user, session, token.text());
}

base::Task<base::Result<TokenPair>> TokenService::renew(std::string refresh_token) {
  const auto used = RefreshToken::parse(refresh_token);
  if (!used) co_return refusal();
  const UserScope scope = ScopeIssuer::open(used->user());
  const RefreshToken fresh = RefreshToken::generate(used->user());
  RefreshTokenRecord next{.token_hash = fresh.hash(), .session = {}, .expires_at = clock_.now() + lifetimes_.refresh};
  std::string used_hash = used->hash();
  const UserStore::Rotation rotation = co_await sessions_.rotate(scope, std::move(used_hash), std::move(next));
  if (rotation.outcome != RotationOutcome::rotated) co_return refusal();
  const auto user = co_await users_.find(scope);
  if (!user) co_return refusal();
  co_return make_pair(*user, rotation.session, fresh.text());
}

base::Task<base::Result<base::AuthSessionId>> TokenService::close(std::string refresh_token) {
  const auto token = RefreshToken::parse(refresh_token);
  if (!token) co_return refusal();
  const UserScope scope = ScopeIssuer::open(token->user());
  std::string hash = token->hash();
  const auto session = co_await sessions_.revoke(scope, std::move(hash));
  if (!session) co_return refusal();
  co_return *session;
}

TokenPair TokenService::make_pair(const User& user, const base::AuthSessionId& session,
                                  std::string refresh_token) const {
  const std::int64_t now = std::chrono::floor<std::chrono::seconds>(clock_.now()).time_since_epoch().count();
  const AccessClaims claims{.user = user.id,
                            .session = session,
                            .token_id = AccessTokenId::generate(),
                            .issued_at = now,
                            .not_before = now,
                            .expires_at = now + lifetimes_.access.count()};
  return {.user = user,
          .access_token = sign_access_token(keys_, claims),
          .refresh_token = std::move(refresh_token),
          .expires_in = lifetimes_.access.count()};
}

}  // namespace codelab::core::identity
