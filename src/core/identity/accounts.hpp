#pragma once

#include <string>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "base/task.hpp"
#include "core/identity/auth_sessions.hpp"
#include "core/identity/credentials.hpp"
#include "core/identity/ports.hpp"
#include "core/identity/token_service.hpp"

namespace codelab::core::identity {

struct AccountRules {
  bool registration_open = true;
  /// A hash that no password has, as dear to verify as a true one: an unknown address costs what a known one does.
  std::string decoy_hash;
};

/// What can be done with an account. Thread-safe; throws when a store is away.
class Accounts {
 public:
  Accounts(UserStore& users, PasswordHasher& hasher, TokenService& tokens, AuthSessions& sessions,
           const base::Clock& clock, AccountRules rules);

  /// A new user with the starter team, logged in.
  /// Errors: registration_closed, validation_failed, email_taken, overloaded.
  base::Task<base::Result<TokenPair>> register_user(Credentials credentials);
  /// The same without a login, for operators: works while registration is closed.
  /// Errors: validation_failed, email_taken, overloaded.
  base::Task<base::Result<User>> add_user(Credentials credentials);
  /// Errors: validation_failed, invalid_credentials, overloaded. A wrong password and an unknown address take the same
  /// time and get the same answer.
  base::Task<base::Result<TokenPair>> login(Credentials credentials);
  /// As TokenService::renew().
  base::Task<base::Result<TokenPair>> refresh(RefreshRequest request);
  /// As TokenService::close(): access tokens of that login stop working too.
  base::Task<base::Result<base::AuthSessionId>> logout(RefreshRequest request);
  /// Errors: token_invalid when the user is gone.
  base::Task<base::Result<User>> profile(UserScope scope);
  /// With everything they own. False when there was no such user.
  base::Task<bool> erase(UserScope scope);

 private:
  UserStore& users_;
  PasswordHasher& hasher_;
  TokenService& tokens_;
  AuthSessions& sessions_;
  const base::Clock& clock_;
  AccountRules rules_;
};

}  // namespace codelab::core::identity
