#pragma once

#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "core/identity/accounts.hpp"
#include "core/identity/authenticator.hpp"
#include "infra/inprocess/cache.hpp"
#include "tests/contract/run_task.hpp"
#include "tests/unit/core/identity/token_forge.hpp"
#include "tests/unit/fakes/in_memory_user_store.hpp"
#include "tests/unit/fakes/manual_clock.hpp"
#include "tests/unit/fakes/plain_password_hasher.hpp"

namespace codelab::tests {

class RecordingListener final : public core::identity::AccountListener {
 public:
  void user_erased(const base::UserId& user) noexcept override { erased.push_back(user); }
  void session_revoked(const base::UserId& user, const base::AuthSessionId& session) noexcept override {
    revoked.emplace_back(user, session);
  }

  std::vector<base::UserId> erased;
  std::vector<std::pair<base::UserId, base::AuthSessionId>> revoked;
};

/// Everything of identity over an in-memory store, one process.
class IdentityTest : public testing::Test {
 protected:
  using Credentials = core::identity::Credentials;
  using Identity = core::identity::Identity;
  using TokenPair = core::identity::TokenPair;

  static constexpr const char* kDecoy = "decoy-hash";
  static constexpr const char* kEmail = "ada@example.com";
  static constexpr const char* kPassword = "correct horse";

  TokenPair sign_up(std::string email = kEmail) {
    auto pair = run_task(accounts_.register_user({.email = std::move(email), .password = kPassword}));
    EXPECT_TRUE(pair.has_value());
    return std::move(*pair);
  }
  base::Result<TokenPair> login(std::string email, std::string password) {
    return run_task(accounts_.login({.email = std::move(email), .password = std::move(password)}));
  }
  base::Result<TokenPair> refresh(std::string token) {
    return run_task(accounts_.refresh({.refresh_token = std::move(token)}));
  }
  base::Result<base::AuthSessionId> logout(std::string token) {
    return run_task(accounts_.logout({.refresh_token = std::move(token)}));
  }
  base::Result<Identity> authenticate(const std::string& access_token) {
    return run_task(authenticator_.authenticate("Bearer " + access_token));
  }
  bool accepted(const std::string& access_token) { return authenticate(access_token).has_value(); }
  core::identity::UserScope scope_of(const TokenPair& pair) { return authenticate(pair.access_token)->scope; }

  ManualClock clock_;
  ManualSteadyClock steady_;
  InMemoryUserStore users_;
  PlainPasswordHasher hasher_;
  RecordingListener listener_;
  infra::inprocess::InProcessCache cache_{1 << 20, [this] { return steady_.now(); }};
  core::identity::JwtKeys keys_ = two_keys();
  core::identity::AuthSessions sessions_{users_, cache_, clock_, {&listener_}};
  core::identity::TokenService tokens_{users_, sessions_, keys_, clock_};
  core::identity::Accounts accounts_{users_, hasher_, tokens_, sessions_, clock_, {.decoy_hash = kDecoy}};
  core::identity::Authenticator authenticator_{sessions_, keys_, clock_};
};

template <class T>
testing::AssertionResult fails_with(base::ErrorCode code, const base::Result<T>& result) {
  if (result) return testing::AssertionFailure() << "it succeeded";
  if (result.error().code == code) return testing::AssertionSuccess();
  return testing::AssertionFailure() << base::name_of(result.error().code) << ": " << result.error().detail;
}

}  // namespace codelab::tests
