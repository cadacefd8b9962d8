#pragma once

#include <string>

#include "base/ids.hpp"

namespace codelab::core::identity {

/// The key to one user's data. Every call that reaches storage takes one, and only an authenticated token (or a piece
/// of work that began with one) yields it: code without a scope cannot name a row, a key or a vector of anybody.
class UserScope {
 public:
  const base::UserId& user() const { return user_; }
  /// Prefix of every name that belongs to this user in a shared store.
  std::string prefix() const { return "codelab:{" + user_.str() + "}:"; }
  bool operator==(const UserScope&) const = default;

 private:
  friend class ScopeIssuer;
  explicit UserScope(const base::UserId& user) : user_(user) {}

  base::UserId user_;
};

/// The few places that may open a scope name themselves by holding one of these: the authenticator, registration and
/// login (which just proved who the user is), crash recovery, and the operator's commands.
class ScopeIssuer {
 public:
  static UserScope open(const base::UserId& user) { return UserScope(user); }
};

}  // namespace codelab::core::identity
