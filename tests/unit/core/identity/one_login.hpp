#pragma once

#include <utility>

#include "core/events/stream_hub.hpp"
#include "core/identity/auth_sessions.hpp"
#include "infra/inprocess/cache.hpp"
#include "tests/unit/fakes/hand_loop.hpp"
#include "tests/unit/fakes/in_memory_user_store.hpp"

namespace codelab::tests {

/// A user who is logged in once; the hub learns of a logout as it does in the server.
class OneLogin {
 public:
  OneLogin(HandLoop& loop, core::events::StreamHub& hub, const base::Clock& clock, core::identity::UserScope user,
           base::AuthSessionId login)
      : loop_(loop), closer_(hub), user_(user), alive_(users_, cache_, clock, {&closer_}) {
    core::identity::UserCredentials account;
    account.user.id = user.user();
    loop.run(users_.create(std::move(account), {})).value();
    loop.run(users_.open_session(user, {.token_hash = kToken, .session = login, .expires_at = {}}, clock.now()));
  }

  core::identity::AuthSessions& sessions() { return alive_; }
  void log_out() { loop_.run(alive_.revoke(user_, kToken)); }
  /// The next answer whether the login is alive is overtaken by a logout: it says so, and the login has ended.
  void log_out_while_looked_at() {
    users_.before_answer = [this] { return log_out_once(); };
  }

 private:
  class Closer final : public core::identity::AccountListener {
   public:
    explicit Closer(core::events::StreamHub& hub) : hub_(hub) {}
    void user_erased(const base::UserId& user) noexcept override { hub_.close_user(user); }
    void session_revoked(const base::UserId& user, const base::AuthSessionId& login) noexcept override {
      hub_.close_login(user, login);
    }

   private:
    core::events::StreamHub& hub_;
  };

  base::Task<> log_out_once() {
    if (!std::exchange(logged_out_, true)) co_await alive_.revoke(user_, kToken);
  }

  static constexpr const char* kToken = "hash of a refresh token";

  HandLoop& loop_;
  Closer closer_;
  const core::identity::UserScope user_;
  InMemoryUserStore users_;
  infra::inprocess::InProcessCache cache_;
  core::identity::AuthSessions alive_;
  bool logged_out_ = false;
};

}  // namespace codelab::tests
