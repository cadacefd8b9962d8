#pragma once

#include <string>

#include "base/clock.hpp"
#include "base/describe/fields.hpp"
#include "base/ids.hpp"

namespace codelab::core::identity {

struct User {
  base::UserId id;
  std::string email;
  base::Timestamp created_at;

  static constexpr std::string_view kName = "User";
  static constexpr bool kAnswer = true;
  static constexpr auto describe() {
    using base::field;
    return base::fields(field("id", &User::id), field("email", &User::email), field("created_at", &User::created_at));
  }
};

struct UserCredentials {
  User user;
  std::string password_hash;
};

struct RefreshTokenRecord {
  /// SHA-256 of the token: the token itself is never stored.
  std::string token_hash;
  /// The login that it grew from: all its refresh tokens are one family, all its access tokens name it in `sid`.
  base::AuthSessionId session;
  base::Timestamp expires_at;
};

}  // namespace codelab::core::identity
