#pragma once

#include "base/ids.hpp"

namespace codelab::core::identity {

/// Told when a user's access has ended, after it is durable and before the caller is answered: open streams are closed
/// and caches forgotten here. Called on whichever core served the request; must return quickly.
class AccountListener {
 public:
  virtual ~AccountListener() = default;
  virtual void user_erased(const base::UserId& user) noexcept = 0;
  /// One login of the user has ended (logged out, or a refresh token was used twice); others may go on.
  virtual void session_revoked(const base::UserId& user, const base::AuthSessionId& session) noexcept = 0;
};

}  // namespace codelab::core::identity
