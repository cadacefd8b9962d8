#pragma once

#include <chrono>
#include <string>

#include "base/describe/fields.hpp"
#include "core/identity/auth_sessions.hpp"
#include "core/identity/jwt_keys.hpp"
#include "core/identity/user.hpp"

namespace codelab::core::identity {

/// What registering, logging in and refreshing answer.
struct TokenPair {
  User user;
  std::string access_token;
  std::string refresh_token;
  std::string token_type = "bearer";
  std::int64_t expires_in = 0;

  static constexpr std::string_view kName = "TokenPair";
  static constexpr bool kAnswer = true;
  static constexpr auto describe() {
    using base::field;
    return base::fields(field("user", &TokenPair::user), field("access_token", &TokenPair::access_token),
                        field("refresh_token", &TokenPair::refresh_token),
                        field("token_type", &TokenPair::token_type, {.doc = "Always `bearer`."}),
                        field("expires_in", &TokenPair::expires_in, {.doc = "Seconds the access token lives."}));
  }
};

struct TokenLifetimes {
  std::chrono::seconds access = std::chrono::minutes{30};
  std::chrono::seconds refresh = std::chrono::days{7};
};

/// Hands out pairs of tokens to users who have proven who they are, and renews them. Thread-safe.
class TokenService {
 public:
  TokenService(UserStore& users, AuthSessions& sessions, const JwtKeys& keys, const base::Clock& clock,
               TokenLifetimes lifetimes = {});

  /// Begins a login.
  base::Task<TokenPair> open(User user);
  /// A new pair for a refresh token, which is used up by it. One that was used before ends its whole login, so that
  /// neither a thief nor the one stolen from goes on. Errors: token_invalid.
  base::Task<base::Result<TokenPair>> renew(std::string refresh_token);
  /// Ends the login of that refresh token, also of one that is used up. Errors: token_invalid.
  base::Task<base::Result<base::AuthSessionId>> close(std::string refresh_token);

 private:
  TokenPair make_pair(const User& user, const base::AuthSessionId& session, std::string refresh_token) const;

  UserStore& users_;
  AuthSessions& sessions_;
  const JwtKeys& keys_;
  const base::Clock& clock_;
  TokenLifetimes lifetimes_;
};

}  // namespace codelab::core::identity
