#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/task.hpp"
#include "core/cache/ports.hpp"
#include "core/identity/account_listener.hpp"
#include "core/identity/ports.hpp"

namespace codelab::core::identity {

/// Which logins are alive, remembered for a short time, and the only way to end one: the store, the cache and the
/// listeners learn of an end together, even when the request that asked for it is cancelled meanwhile. Thread-safe.
class AuthSessions {
 public:
  /// How long another process, which does not share the cache, may go on taking a revoked session for alive.
  static constexpr std::chrono::seconds kTtl{10};

  /// All of it outlives this object; `listeners` hold no null.
  AuthSessions(UserStore& users, cache::Cache& cache, const base::Clock& clock,
               std::vector<AccountListener*> listeners);

  base::Task<bool> alive(UserScope scope, base::AuthSessionId session);
  /// As UserStore::rotate(); a reused token has ended its session.
  base::Task<UserStore::Rotation> rotate(UserScope scope, std::string used_hash, RefreshTokenRecord next);
  /// As UserStore::revoke().
  base::Task<std::optional<base::AuthSessionId>> revoke(UserScope scope, std::string token_hash);
  /// As UserStore::erase().
  base::Task<bool> erase_user(UserScope scope);

 private:
  base::Task<> session_ended(UserScope scope, base::AuthSessionId session);

  UserStore& users_;
  cache::Cache& cache_;
  const base::Clock& clock_;
  std::vector<AccountListener*> listeners_;
};

}  // namespace codelab::core::identity
