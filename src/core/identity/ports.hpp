#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "base/task.hpp"
#include "core/agents/agent.hpp"
#include "core/identity/user.hpp"
#include "core/identity/user_scope.hpp"
#include "core/page.hpp"

/// What identity needs from outside.
namespace codelab::core::identity {

enum class RotationOutcome : std::uint8_t { rotated, unknown, expired, reused };

/// Thread-safe. A store that is away throws (base/store_error.hpp).
class UserStore {
 public:
  virtual ~UserStore() = default;

  /// The user, their first agents and the USER_REGISTERED event of their own stream, in one transaction.
  /// Errors: email_taken.
  virtual base::Task<base::Result<User>> create(UserCredentials user, std::vector<agents::Agent> starter_team) = 0;
  virtual base::Task<std::optional<UserCredentials>> find_by_email(std::string email) = 0;
  virtual base::Task<std::optional<User>> find(UserScope scope) = 0;
  /// Everything this user owns. When it returns all of it is gone; the user's row goes last. False when there was no
  /// such user.
  virtual base::Task<bool> erase(UserScope scope, base::Timestamp now) = 0;
  /// For operators: every user, oldest first.
  virtual base::Task<std::vector<User>> list() = 0;

  virtual base::Task<> open_session(UserScope scope, RefreshTokenRecord first, base::Timestamp now) = 0;
  /// Uses up the token whose hash is `used_hash` and stores its successor, whose `session` is filled in from the used
  /// one and returned. A token that was used before revokes its whole session, in the same transaction; an unused one
  /// of a revoked session is unknown.
  struct Rotation {
    RotationOutcome outcome = RotationOutcome::unknown;
    base::AuthSessionId session;
  };
  virtual base::Task<Rotation> rotate(UserScope scope, std::string used_hash, RefreshTokenRecord next,
                                      base::Timestamp now) = 0;
  /// Revokes the session of that refresh token; nullopt when the token is not known.
  virtual base::Task<std::optional<base::AuthSessionId>> revoke(UserScope scope, std::string token_hash,
                                                                base::Timestamp now) = 0;
  /// False when it was revoked, or its user erased, or it never was.
  virtual base::Task<bool> session_alive(UserScope scope, base::AuthSessionId session) = 0;
};

/// Argon2id, run away from the event loop with a bounded number at once. Thread-safe.
class PasswordHasher {
 public:
  virtual ~PasswordHasher() = default;
  /// Errors: overloaded.
  virtual base::Task<base::Result<std::string>> hash(std::string password) = 0;
  /// False too when `hash` is not one of ours. Errors: overloaded.
  virtual base::Task<base::Result<bool>> verify(std::string hash, std::string password) = 0;
};

}  // namespace codelab::core::identity
