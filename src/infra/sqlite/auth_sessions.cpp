#include "infra/sqlite/rows.hpp"
#include "infra/sqlite/user_store.hpp"

/// The part of SqliteUserStore that keeps logins and their refresh tokens.
namespace codelab::infra::sqlite {
namespace {

using core::identity::RefreshTokenRecord;
using core::identity::RotationOutcome;
using core::identity::UserScope;
using Rotation = core::identity::UserStore::Rotation;

/// Long enough that a late or stolen token is told from an unknown one.
constexpr std::chrono::days kKeepExpired{30};

constexpr Sql kInsertSession = "INSERT INTO auth_sessions (user_id, id, created_at, expires_at) VALUES (?, ?, ?, ?)";
constexpr Sql kInsertToken =
    "INSERT INTO refresh_tokens (user_id, token_hash, session_id, expires_at) VALUES (?, ?, ?, ?)";
constexpr Sql kTokenByHash =
    "SELECT t.session_id, t.expires_at, t.used_at, s.revoked_at FROM refresh_tokens t "
    "JOIN auth_sessions s ON s.user_id = t.user_id AND s.id = t.session_id "
    "WHERE t.user_id = ? AND t.token_hash = ?";
constexpr Sql kUseToken = "UPDATE refresh_tokens SET used_at = ? WHERE user_id = ? AND token_hash = ?";
constexpr Sql kProlongSession = "UPDATE auth_sessions SET expires_at = ? WHERE user_id = ? AND id = ?";
constexpr Sql kRevokeSession =
    "UPDATE auth_sessions SET revoked_at = ? WHERE user_id = ? AND id = ? AND revoked_at IS NULL";
constexpr Sql kLiveSession = "SELECT 1 FROM auth_sessions WHERE user_id = ? AND id = ? AND revoked_at IS NULL";
constexpr Sql kDropOldSessions = "DELETE FROM auth_sessions WHERE user_id = ? AND expires_at < ?";
constexpr Sql kDropOldTokens = "DELETE FROM refresh_tokens WHERE user_id = ? AND expires_at < ?";

struct StoredToken {
  base::AuthSessionId session;
  base::Timestamp expires_at;
  std::optional<base::Timestamp> used_at;
  std::optional<base::Timestamp> revoked_at;
};

std::optional<StoredToken> token_by_hash(Connection& sql, const UserScope& scope, const std::string& hash) {
  return first_of(sql.query(kTokenByHash, scope.user(), hash), [](const Rows& rows) {
    StoredToken token;
    rows.read(token.session, token.expires_at, token.used_at, token.revoked_at);
    return token;
  });
}

void drop_old(Connection& sql, const UserScope& scope, base::Timestamp now) {
  sql.execute(kDropOldTokens, scope.user(), now - kKeepExpired);
  sql.execute(kDropOldSessions, scope.user(), now - kKeepExpired);
}

void insert_token(Connection& sql, const UserScope& scope, const RefreshTokenRecord& token) {
  sql.execute(kInsertToken, scope.user(), token.token_hash, token.session, token.expires_at);
}

Rotation rotate_token(Connection& sql, const UserScope& scope, const std::string& used_hash, RefreshTokenRecord next,
                      base::Timestamp now) {
  drop_old(sql, scope, now);
  const auto used = token_by_hash(sql, scope, used_hash);
  if (!used) return {.outcome = RotationOutcome::unknown};
  if (used->used_at) {
    sql.execute(kRevokeSession, now, scope.user(), used->session);
    return {.outcome = RotationOutcome::reused, .session = used->session};
  }
  if (used->revoked_at) return {.outcome = RotationOutcome::unknown};
  if (used->expires_at <= now) return {.outcome = RotationOutcome::expired, .session = used->session};
  next.session = used->session;
  sql.execute(kUseToken, now, scope.user(), used_hash);
  insert_token(sql, scope, next);
  sql.execute(kProlongSession, next.expires_at, scope.user(), used->session);
  return {.outcome = RotationOutcome::rotated, .session = used->session};
}

}  // namespace

base::Task<> SqliteUserStore::open_session(UserScope scope, RefreshTokenRecord first, base::Timestamp now) {
  auto open = [scope, first = std::move(first), now](Transaction& tx) {
    drop_old(tx.sql(), scope, now);
    tx.sql().execute(kInsertSession, scope.user(), first.session, now, first.expires_at);
    insert_token(tx.sql(), scope, first);
    return true;
  };
  co_await database_.writer().run("user.open_session", std::move(open));
}

base::Task<Rotation> SqliteUserStore::rotate(UserScope scope, std::string used_hash, RefreshTokenRecord next,
                                             base::Timestamp now) {
  return database_.writer().run(
      "user.rotate", [scope, used_hash = std::move(used_hash), next = std::move(next), now](Transaction& tx) {
        return rotate_token(tx.sql(), scope, used_hash, next, now);
      });
}

base::Task<std::optional<base::AuthSessionId>> SqliteUserStore::revoke(UserScope scope, std::string token_hash,
                                                                       base::Timestamp now) {
  using Found = std::optional<base::AuthSessionId>;
  return database_.writer().run("user.revoke", [scope, hash = std::move(token_hash), now](Transaction& tx) -> Found {
    const auto token = token_by_hash(tx.sql(), scope, hash);
    if (!token) return std::nullopt;
    tx.sql().execute(kRevokeSession, now, scope.user(), token->session);
    return token->session;
  });
}

base::Task<bool> SqliteUserStore::session_alive(UserScope scope, base::AuthSessionId session) {
  return database_.readers().run(
      "user.session_alive", [=](Connection& sql) { return any_of(sql.query(kLiveSession, scope.user(), session)); });
}

}  // namespace codelab::infra::sqlite
