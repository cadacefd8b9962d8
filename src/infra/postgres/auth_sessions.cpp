#include "infra/postgres/user_store.hpp"

/// The part of PostgresUserStore that keeps logins and their refresh tokens.
namespace codelab::infra::postgres {
namespace {

using core::identity::RefreshTokenRecord;
using core::identity::RotationOutcome;
using core::identity::UserScope;
using Rotation = core::identity::UserStore::Rotation;

/// Long enough that a late or stolen token is told from an unknown one.
constexpr std::chrono::days kKeepExpired{30};

constexpr Sql kInsertSession =
    "INSERT INTO auth_sessions (user_id, id, created_at, expires_at) VALUES ($1, $2, $3, $4)";
constexpr Sql kInsertToken =
    "INSERT INTO refresh_tokens (user_id, token_hash, session_id, expires_at) VALUES ($1, $2, $3, $4)";
/// Of two that use one token at the same time the second reads it once the first is done. The token is read by a
/// statement of its own: this one would still see it as it was before the wait.
constexpr Sql kLockSessionOfToken =
    "SELECT 1::bigint FROM auth_sessions WHERE user_id = $1 "
    "AND id = (SELECT session_id FROM refresh_tokens WHERE user_id = $1 AND token_hash = $2) FOR UPDATE";
constexpr Sql kTokenByHash =
    "SELECT t.session_id, t.expires_at, t.used_at, s.revoked_at FROM refresh_tokens t "
    "JOIN auth_sessions s ON s.user_id = t.user_id AND s.id = t.session_id "
    "WHERE t.user_id = $1 AND t.token_hash = $2";
constexpr Sql kUseToken = "UPDATE refresh_tokens SET used_at = $1 WHERE user_id = $2 AND token_hash = $3";
constexpr Sql kProlongSession = "UPDATE auth_sessions SET expires_at = $1 WHERE user_id = $2 AND id = $3";
constexpr Sql kRevokeSession =
    "UPDATE auth_sessions SET revoked_at = $1 WHERE user_id = $2 AND id = $3 AND revoked_at IS NULL";
constexpr Sql kRevokeByToken =
    "UPDATE auth_sessions SET revoked_at = coalesce(revoked_at, $1) WHERE user_id = $2 "
    "AND id = (SELECT session_id FROM refresh_tokens WHERE user_id = $2 AND token_hash = $3) RETURNING id";
constexpr Sql kLiveSession =
    "SELECT 1::bigint FROM auth_sessions WHERE user_id = $1 AND id = $2 AND revoked_at IS NULL";
constexpr Sql kDropOldSessions = "DELETE FROM auth_sessions WHERE user_id = $1 AND expires_at < $2";
constexpr Sql kDropOldTokens = "DELETE FROM refresh_tokens WHERE user_id = $1 AND expires_at < $2";

struct StoredToken {
  base::AuthSessionId session;
  base::Timestamp expires_at;
  std::optional<base::Timestamp> used_at;
  std::optional<base::Timestamp> revoked_at;
};

StoredToken read_token(const Rows& rows) {
  StoredToken token;
  rows.read(token.session, token.expires_at, token.used_at, token.revoked_at);
  return token;
}

base::AuthSessionId read_session_id(const Rows& rows) {
  base::AuthSessionId id;
  rows.read(id);
  return id;
}

void drop_old(Transaction& tx, const UserScope& scope, base::Timestamp now) {
  tx.add(kDropOldTokens, scope.user(), now - kKeepExpired).add(kDropOldSessions, scope.user(), now - kKeepExpired);
}

void insert_token(Transaction& tx, const UserScope& scope, const RefreshTokenRecord& token) {
  tx.add(kInsertToken, scope.user(), token.token_hash, token.session, token.expires_at);
}

RotationOutcome outcome_for(const StoredToken& token, base::Timestamp now) {
  if (token.used_at) return RotationOutcome::reused;
  if (token.revoked_at) return RotationOutcome::unknown;
  return token.expires_at <= now ? RotationOutcome::expired : RotationOutcome::rotated;
}

base::Task<bool> open_login(Transaction& tx, UserScope scope, RefreshTokenRecord first, base::Timestamp now) {
  drop_old(tx, scope, now);
  tx.add(kInsertSession, scope.user(), first.session, now, first.expires_at);
  insert_token(tx, scope, first);
  co_await tx.commit();
  co_return true;
}

base::Task<Rotation> rotate_token(Transaction& tx, UserScope scope, std::string used_hash, RefreshTokenRecord next,
                                  base::Timestamp now) {
  drop_old(tx, scope, now);
  tx.add(kLockSessionOfToken, scope.user(), used_hash).add(kTokenByHash, scope.user(), used_hash);
  auto answer = co_await tx.run();
  const auto used = first_of(std::move(answer.at(3)), read_token);
  if (!used) co_return Rotation{};
  const auto outcome = outcome_for(*used, now);
  if (outcome == RotationOutcome::unknown) co_return Rotation{};
  if (outcome == RotationOutcome::expired) co_return Rotation{.outcome = outcome, .session = used->session};
  if (outcome == RotationOutcome::reused) {
    tx.add(kRevokeSession, now, scope.user(), used->session);
  } else {
    next.session = used->session;
    tx.add(kUseToken, now, scope.user(), used_hash);
    insert_token(tx, scope, next);
    tx.add(kProlongSession, next.expires_at, scope.user(), used->session);
  }
  co_await tx.commit();
  co_return Rotation{.outcome = outcome, .session = used->session};
}

base::Task<std::optional<base::AuthSessionId>> revoke_login(Transaction& tx, UserScope scope, std::string token_hash,
                                                            base::Timestamp now) {
  tx.add(kRevokeByToken, now, scope.user(), token_hash);
  auto answer = co_await tx.run();
  const auto session = first_of(std::move(answer.at(0)), read_session_id);
  co_await tx.commit();
  co_return session;
}

}  // namespace

base::Task<> PostgresUserStore::open_session(UserScope scope, RefreshTokenRecord first, base::Timestamp now) {
  co_await database_.write("user.open_session", scope, open_login, scope, std::move(first), now);
}

base::Task<Rotation> PostgresUserStore::rotate(UserScope scope, std::string used_hash, RefreshTokenRecord next,
                                               base::Timestamp now) {
  return database_.write("user.rotate", scope, rotate_token, scope, std::move(used_hash), std::move(next), now);
}

base::Task<std::optional<base::AuthSessionId>> PostgresUserStore::revoke(UserScope scope, std::string token_hash,
                                                                         base::Timestamp now) {
  return database_.write("user.revoke", scope, revoke_login, scope, std::move(token_hash), now);
}

base::Task<bool> PostgresUserStore::session_alive(UserScope scope, base::AuthSessionId session) {
  Batch batch;
  batch.add(kLiveSession, scope.user(), session);
  auto answer = co_await database_.read("user.session_alive", scope, std::move(batch));
  co_return answer.at(0).next();
}

}  // namespace codelab::infra::postgres
