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

/// Opens a scope. For the few places that know who the user is: the authenticator, registration, login and refresh,
/// tasks that are taken over, memories that are owed, the operator's commands (moves to another shard among them), the
/// dropping of memories or of a user's remains in a shard, and the readiness probe. A search for this name finds them.
class ScopeIssuer {
 public:
  static UserScope open(const base::UserId& user) { return UserScope(user); }
};

}  // namespace codelab::core::identity
