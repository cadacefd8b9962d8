#pragma once

#include <string>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "base/task.hpp"
#include "core/identity/auth_sessions.hpp"
#include "core/identity/jwt_keys.hpp"
#include "core/identity/user_scope.hpp"
#include "core/identity/verified_tokens.hpp"

namespace codelab::core::identity {

/// Who asks, and by which login.
struct Identity {
  UserScope scope;
  base::AuthSessionId session;
};

/// The error of a token whose login was revoked or whose user was erased: token_invalid.
base::Error ended_login();

/// The way from a request's token to a scope. Thread-safe.
class Authenticator {
 public:
  Authenticator(AuthSessions& sessions, const JwtKeys& keys, const base::Clock& clock);

  /// `authorization` is the value of that header, empty when there was none.
  /// Errors: token_missing (no bearer token in it), token_invalid (forged, expired or revoked).
  base::Task<base::Result<Identity>> authenticate(std::string authorization);

 private:
  base::Result<AccessClaims> verified(std::string_view token);

  AuthSessions& sessions_;
  const JwtKeys& keys_;
  const base::Clock& clock_;
  VerifiedTokens verified_;
};

}  // namespace codelab::core::identity
