#include "core/identity/auth_sessions.hpp"

#include <boost/asio/this_coro.hpp>

namespace codelab::core::identity {
namespace {

namespace this_coro = boost::asio::this_coro;

constexpr std::string_view kAlive = "alive";
constexpr std::string_view kEnded = "ended";

}  // namespace

AuthSessions::AuthSessions(UserStore& users, cache::Cache& cache, const base::Clock& clock,
                           std::vector<AccountListener*> listeners)
    : users_(users), cache_(cache), clock_(clock), listeners_(std::move(listeners)) {}

base::Task<bool> AuthSessions::alive(UserScope scope, base::AuthSessionId session) {
  std::string key = "auth_session:" + session.str();
  const cache::Cache::Lookup known = co_await cache_.get(scope, key);
  if (known.value) co_return *known.value == kAlive;
  const bool alive = co_await users_.session_alive(scope, session);
  std::string value(alive ? kAlive : kEnded);
  co_await cache_.put(scope, std::move(key), std::move(value), known.generation, kTtl);
  co_return alive;
}

base::Task<UserStore::Rotation> AuthSessions::rotate(UserScope scope, std::string used_hash, RefreshTokenRecord next) {
  const bool throwing = co_await this_coro::throw_if_cancelled();
  co_await this_coro::throw_if_cancelled(false);
  const base::Timestamp now = clock_.now();
  const UserStore::Rotation rotation = co_await users_.rotate(scope, std::move(used_hash), std::move(next), now);
  if (rotation.outcome == RotationOutcome::reused) co_await session_ended(scope, rotation.session);
  co_await this_coro::throw_if_cancelled(throwing);
  co_return rotation;
}

base::Task<std::optional<base::AuthSessionId>> AuthSessions::revoke(UserScope scope, std::string token_hash) {
  const bool throwing = co_await this_coro::throw_if_cancelled();
  co_await this_coro::throw_if_cancelled(false);
  const base::Timestamp now = clock_.now();
  const auto session = co_await users_.revoke(scope, std::move(token_hash), now);
  if (session) co_await session_ended(scope, *session);
  co_await this_coro::throw_if_cancelled(throwing);
  co_return session;
}

base::Task<bool> AuthSessions::erase_user(UserScope scope) {
  const bool throwing = co_await this_coro::throw_if_cancelled();
  co_await this_coro::throw_if_cancelled(false);
  const base::Timestamp now = clock_.now();
  const bool erased = co_await users_.erase(scope, now);
  co_await cache_.invalidate(scope);
  for (AccountListener* each : listeners_) each->user_erased(scope.user());
  co_await this_coro::throw_if_cancelled(throwing);
  co_return erased;
}

base::Task<> AuthSessions::session_ended(UserScope scope, base::AuthSessionId session) {
  co_await cache_.invalidate(scope);
  for (AccountListener* each : listeners_) each->session_revoked(scope.user(), session);
}

}  // namespace codelab::core::identity
