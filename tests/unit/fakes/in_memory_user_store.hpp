#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "core/identity/ports.hpp"

namespace codelab::tests {

/// Behaves as a true store does, in memory. `before_answer` runs inside a call after its change has been made, where a
/// real store would be committing; `queries` counts the calls of session_alive().
class InMemoryUserStore final : public core::identity::UserStore {
 public:
  using UserScope = core::identity::UserScope;

  std::function<base::Task<>()> before_answer;
  int queries = 0;

  base::Task<base::Result<core::identity::User>> create(core::identity::UserCredentials user,
                                                        std::vector<core::agents::Agent> starter_team) override;
  base::Task<std::optional<core::identity::UserCredentials>> find_by_email(std::string email) override;
  base::Task<std::optional<core::identity::User>> find(UserScope scope) override;
  base::Task<bool> erase(UserScope scope, base::Timestamp now) override;
  base::Task<std::vector<core::identity::User>> list() override;
  base::Task<> open_session(UserScope scope, core::identity::RefreshTokenRecord first, base::Timestamp now) override;
  base::Task<Rotation> rotate(UserScope scope, std::string used_hash, core::identity::RefreshTokenRecord next,
                              base::Timestamp now) override;
  base::Task<std::optional<base::AuthSessionId>> revoke(UserScope scope, std::string token_hash,
                                                        base::Timestamp now) override;
  base::Task<bool> session_alive(UserScope scope, base::AuthSessionId session) override;

  std::vector<core::agents::Agent> team_of(const base::UserId& user) const;
  /// The hashes of every refresh token of that user.
  std::vector<std::string> token_hashes(const base::UserId& user) const;

 private:
  struct Token {
    base::AuthSessionId session;
    base::Timestamp expires_at;
    bool used = false;
  };
  struct Account {
    core::identity::UserCredentials credentials;
    std::vector<core::agents::Agent> team;
    std::map<base::AuthSessionId, bool> alive;
    std::map<std::string, Token> tokens;
  };

  Account* account(const UserScope& scope);
  Rotation rotated(const UserScope& scope, const std::string& used_hash, core::identity::RefreshTokenRecord next,
                   base::Timestamp now);
  base::Task<> committing();

  mutable std::mutex mutex_;
  std::map<base::UserId, Account> accounts_;
};

inline InMemoryUserStore::Account* InMemoryUserStore::account(const UserScope& scope) {
  const auto found = accounts_.find(scope.user());
  return found == accounts_.end() ? nullptr : &found->second;
}

inline base::Task<> InMemoryUserStore::committing() {
  if (before_answer) co_await before_answer();
}

inline base::Task<base::Result<core::identity::User>> InMemoryUserStore::create(
    core::identity::UserCredentials user, std::vector<core::agents::Agent> starter_team) {
  const std::scoped_lock lock(mutex_);
  for (const auto& [id, each] : accounts_) {
    if (each.credentials.user.email != user.user.email) continue;
    co_return base::make_error(base::ErrorCode::email_taken, "taken");
  }
  core::identity::User created = user.user;
  accounts_[created.id] = {.credentials = std::move(user), .team = std::move(starter_team), .alive = {}, .tokens = {}};
  co_return created;
}

inline base::Task<std::optional<core::identity::UserCredentials>> InMemoryUserStore::find_by_email(std::string email) {
  const std::scoped_lock lock(mutex_);
  for (const auto& [id, each] : accounts_) {
    if (each.credentials.user.email == email) co_return each.credentials;
  }
  co_return std::nullopt;
}

inline base::Task<std::optional<core::identity::User>> InMemoryUserStore::find(UserScope scope) {
  const std::scoped_lock lock(mutex_);
  const Account* found = account(scope);
  if (found == nullptr) co_return std::nullopt;
  co_return found->credentials.user;
}

inline base::Task<bool> InMemoryUserStore::erase(UserScope scope, base::Timestamp) {
  bool erased = false;
  {
    const std::scoped_lock lock(mutex_);
    erased = accounts_.erase(scope.user()) > 0;
  }
  co_await committing();
  co_return erased;
}

inline base::Task<std::vector<core::identity::User>> InMemoryUserStore::list() {
  const std::scoped_lock lock(mutex_);
  std::vector<core::identity::User> users;
  for (const auto& [id, each] : accounts_) users.push_back(each.credentials.user);
  co_return users;
}

inline base::Task<> InMemoryUserStore::open_session(UserScope scope, core::identity::RefreshTokenRecord first,
                                                    base::Timestamp) {
  const std::scoped_lock lock(mutex_);
  Account& owner = accounts_.at(scope.user());
  owner.alive[first.session] = true;
  owner.tokens[first.token_hash] = {.session = first.session, .expires_at = first.expires_at};
  co_return;
}

inline core::identity::UserStore::Rotation InMemoryUserStore::rotated(const UserScope& scope,
                                                                      const std::string& used_hash,
                                                                      core::identity::RefreshTokenRecord next,
                                                                      base::Timestamp now) {
  using core::identity::RotationOutcome;
  const std::scoped_lock lock(mutex_);
  Account* owner = account(scope);
  if (owner == nullptr || !owner->tokens.contains(used_hash)) return {};
  Token& used = owner->tokens[used_hash];
  if (used.used) {
    owner->alive[used.session] = false;
    return {.outcome = RotationOutcome::reused, .session = used.session};
  }
  if (!owner->alive[used.session]) return {};
  if (used.expires_at <= now) return {.outcome = RotationOutcome::expired, .session = used.session};
  used.used = true;
  const base::AuthSessionId session = used.session;
  owner->tokens[next.token_hash] = {.session = session, .expires_at = next.expires_at};
  return {.outcome = RotationOutcome::rotated, .session = session};
}

inline base::Task<core::identity::UserStore::Rotation> InMemoryUserStore::rotate(
    UserScope scope, std::string used_hash, core::identity::RefreshTokenRecord next, base::Timestamp now) {
  const Rotation rotation = rotated(scope, used_hash, std::move(next), now);
  co_await committing();
  co_return rotation;
}

inline base::Task<std::optional<base::AuthSessionId>> InMemoryUserStore::revoke(UserScope scope, std::string token_hash,
                                                                                base::Timestamp) {
  std::optional<base::AuthSessionId> session;
  {
    const std::scoped_lock lock(mutex_);
    Account* owner = account(scope);
    if (owner != nullptr && owner->tokens.contains(token_hash)) {
      session = owner->tokens[token_hash].session;
      owner->alive[*session] = false;
    }
  }
  co_await committing();
  co_return session;
}

inline base::Task<bool> InMemoryUserStore::session_alive(UserScope scope, base::AuthSessionId session) {
  bool alive = false;
  {
    const std::scoped_lock lock(mutex_);
    ++queries;
    const Account* owner = account(scope);
    if (owner != nullptr && owner->alive.contains(session)) alive = owner->alive.at(session);
  }
  co_await committing();
  co_return alive;
}

inline std::vector<core::agents::Agent> InMemoryUserStore::team_of(const base::UserId& user) const {
  const std::scoped_lock lock(mutex_);
  return accounts_.at(user).team;
}

inline std::vector<std::string> InMemoryUserStore::token_hashes(const base::UserId& user) const {
  const std::scoped_lock lock(mutex_);
  std::vector<std::string> hashes;
  for (const auto& [hash, token] : accounts_.at(user).tokens) hashes.push_back(hash);
  return hashes;
}

}  // namespace codelab::tests
