#include "core/identity/accounts.hpp"

#include <algorithm>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <gtest/gtest.h>

#include "base/describe/encode.hpp"
#include "core/identity/refresh_token.hpp"
#include "tests/unit/core/identity/identity_fixture.hpp"

namespace codelab::core::identity {
namespace {

using base::ErrorCode;
using tests::fails_with;
using tests::run_task;

using AccountsTest = tests::IdentityTest;

TEST_F(AccountsTest, RegisteringSignsInAndBringsTheStarterTeam) {
  const auto pair = sign_up(" Ada@Example.com ");
  EXPECT_EQ(pair.user.email, "ada@example.com");
  EXPECT_EQ(pair.user.created_at, clock_.now());
  EXPECT_EQ(pair.token_type, "bearer");
  EXPECT_EQ(pair.expires_in, 1800);
  EXPECT_EQ(scope_of(pair).user(), pair.user.id);
  EXPECT_EQ(users_.team_of(pair.user.id).size(), 4U);
  EXPECT_EQ(run_task(users_.find_by_email("ada@example.com"))->password_hash, "plain:correct horse");
}

TEST_F(AccountsTest, TheAnswerHasTheShapeOfTheContract) {
  const std::string json = base::encode(sign_up());
  for (const char* name : {"\"user\":{\"id\":", "\"access_token\":", "\"refresh_token\":", "\"token_type\":\"bearer\"",
                           "\"expires_in\":1800"}) {
    EXPECT_NE(json.find(name), std::string::npos) << name << " in " << json;
  }
  EXPECT_EQ(json.find("password"), std::string::npos);
}

TEST_F(AccountsTest, AnAddressIsRegisteredOnceWhateverItsCase) {
  sign_up();
  EXPECT_TRUE(fails_with(ErrorCode::email_taken,
                         run_task(accounts_.register_user({.email = "ADA@example.COM", .password = kPassword}))));
}

TEST_F(AccountsTest, AFaultyRegistrationIsRefused) {
  EXPECT_TRUE(fails_with(ErrorCode::validation_failed,
                         run_task(accounts_.register_user({.email = "no-at-sign", .password = kPassword}))));
  EXPECT_TRUE(run_task(users_.list()).empty());
}

TEST_F(AccountsTest, ClosedRegistrationIsOpenToOperatorsOnly) {
  Accounts closed(users_, hasher_, tokens_, sessions_, clock_, {.registration_open = false, .decoy_hash = kDecoy});
  EXPECT_TRUE(fails_with(ErrorCode::registration_closed,
                         run_task(closed.register_user({.email = kEmail, .password = kPassword}))));
  EXPECT_TRUE(run_task(closed.add_user({.email = kEmail, .password = kPassword})));
  EXPECT_TRUE(run_task(closed.login({.email = kEmail, .password = kPassword})));
}

TEST_F(AccountsTest, LoggingInBeginsALoginOfItsOwn) {
  const auto first = sign_up();
  const auto second = login("ADA@example.com", kPassword);
  ASSERT_TRUE(second);
  EXPECT_EQ(second->user.id, first.user.id);
  EXPECT_NE(second->refresh_token, first.refresh_token);
  EXPECT_NE(authenticate(second->access_token)->session, authenticate(first.access_token)->session);
  EXPECT_TRUE(logout(first.refresh_token));
  EXPECT_TRUE(accepted(second->access_token));
}

TEST_F(AccountsTest, AWrongPasswordAndAnUnknownAddressAreOne) {
  sign_up();
  const auto wrong = login(kEmail, "not the password");
  const auto unknown = login("eve@example.com", kPassword);
  EXPECT_TRUE(fails_with(ErrorCode::invalid_credentials, wrong));
  EXPECT_TRUE(fails_with(ErrorCode::invalid_credentials, unknown));
  EXPECT_EQ(wrong.error().detail, unknown.error().detail);
  EXPECT_EQ(hasher_.verified, (std::vector<std::string>{"plain:correct horse", kDecoy}));
}

TEST_F(AccountsTest, TheDecoyIsNoWayIn) {
  Accounts gullible(users_, hasher_, tokens_, sessions_, clock_, {.decoy_hash = "plain:correct horse"});
  EXPECT_TRUE(fails_with(ErrorCode::invalid_credentials,
                         run_task(gullible.login({.email = "eve@example.com", .password = kPassword}))));
}

TEST_F(AccountsTest, AnOverloadedHasherIsSaidAndNothingIsStored) {
  hasher_.overloaded = true;
  EXPECT_TRUE(fails_with(ErrorCode::overloaded, login(kEmail, kPassword)));
  EXPECT_TRUE(
      fails_with(ErrorCode::overloaded, run_task(accounts_.register_user({.email = kEmail, .password = kPassword}))));
  EXPECT_TRUE(run_task(users_.list()).empty());
}

TEST_F(AccountsTest, OnlyTheHashOfARefreshTokenIsStored) {
  const auto pair = sign_up();
  const auto hashes = users_.token_hashes(pair.user.id);
  ASSERT_EQ(hashes.size(), 1U);
  EXPECT_EQ(hashes.front(), RefreshToken::parse(pair.refresh_token)->hash());
  EXPECT_EQ(hashes.front().find(pair.refresh_token), std::string::npos);
}

TEST_F(AccountsTest, RefreshingRotatesThePairWithinTheSameLogin) {
  const auto first = sign_up();
  clock_.advance(std::chrono::minutes(31));
  EXPECT_FALSE(accepted(first.access_token));
  const auto second = refresh(first.refresh_token);
  ASSERT_TRUE(second);
  EXPECT_EQ(second->user.id, first.user.id);
  EXPECT_EQ(second->user.email, first.user.email);
  EXPECT_NE(second->refresh_token, first.refresh_token);
  EXPECT_EQ(second->expires_in, 1800);
  EXPECT_TRUE(accepted(second->access_token));
  EXPECT_TRUE(refresh(second->refresh_token));
  EXPECT_TRUE(listener_.revoked.empty());
}

TEST_F(AccountsTest, ARefreshTokenLivesSevenDaysFromItsOwnBirth) {
  auto pair = sign_up();
  for (int i = 0; i < 3; ++i) {
    clock_.advance(std::chrono::days(7) - std::chrono::seconds(1));
    auto next = refresh(pair.refresh_token);
    ASSERT_TRUE(next);
    pair = std::move(*next);
  }
  clock_.advance(std::chrono::days(7));
  EXPECT_TRUE(fails_with(ErrorCode::token_invalid, refresh(pair.refresh_token)));
}

TEST_F(AccountsTest, AttackRefreshReuseEndsTheWholeFamilyAndNoOther) {
  const auto first = sign_up();
  const auto elsewhere = login(kEmail, kPassword);
  const auto session = authenticate(first.access_token)->session;
  const auto second = refresh(first.refresh_token);
  ASSERT_TRUE(second);
  EXPECT_TRUE(accepted(second->access_token));
  EXPECT_TRUE(fails_with(ErrorCode::token_invalid, refresh(first.refresh_token)));
  EXPECT_TRUE(fails_with(ErrorCode::token_invalid, refresh(second->refresh_token)));
  EXPECT_FALSE(accepted(first.access_token));
  EXPECT_FALSE(accepted(second->access_token));
  ASSERT_EQ(listener_.revoked.size(), 1U);
  EXPECT_EQ(listener_.revoked.front(), std::pair(first.user.id, session));
  EXPECT_TRUE(accepted(elsewhere->access_token));
  EXPECT_TRUE(refresh(elsewhere->refresh_token));
}

TEST_F(AccountsTest, AttackMadeUpRefreshTokensAreRefused) {
  const auto pair = sign_up();
  std::string tampered = pair.refresh_token;
  tampered.back() = tampered.back() == 'A' ? 'B' : 'A';
  for (const std::string& token :
       {std::string(), std::string("x"), std::string("a.b.c"), std::string(4000, '0'), tampered, pair.access_token,
        RefreshToken::generate(pair.user.id).text(), RefreshToken::generate(base::UserId::generate()).text()}) {
    EXPECT_TRUE(fails_with(ErrorCode::token_invalid, refresh(token))) << token;
    EXPECT_TRUE(fails_with(ErrorCode::token_invalid, logout(token))) << token;
  }
  EXPECT_TRUE(accepted(pair.access_token));
  EXPECT_TRUE(refresh(pair.refresh_token));
}

TEST_F(AccountsTest, AttackARefreshTokenRespelledForAnotherUserIsRefused) {
  const auto mine = sign_up("a@example.com");
  const auto yours = sign_up("b@example.com");
  // Both halves are whole base64 groups or share one: take the other's user id and my random bytes.
  const std::string grafted = yours.refresh_token.substr(0, 21) + mine.refresh_token.substr(21);
  EXPECT_TRUE(fails_with(ErrorCode::token_invalid, refresh(grafted)));
}

TEST_F(AccountsTest, LoggingOutEndsAccessAndRefreshAndTellsTheListeners) {
  const auto pair = sign_up();
  const auto session = authenticate(pair.access_token)->session;
  EXPECT_EQ(logout(pair.refresh_token), session);
  EXPECT_FALSE(accepted(pair.access_token));
  EXPECT_TRUE(fails_with(ErrorCode::token_invalid, refresh(pair.refresh_token)));
  ASSERT_EQ(listener_.revoked.size(), 1U);
  EXPECT_EQ(listener_.revoked.front(), std::pair(pair.user.id, session));
}

TEST_F(AccountsTest, AUsedRefreshTokenStillLogsOut) {
  const auto first = sign_up();
  const auto second = refresh(first.refresh_token);
  EXPECT_TRUE(logout(first.refresh_token));
  EXPECT_FALSE(accepted(second->access_token));
}

TEST_F(AccountsTest, TheProfileIsTheUser) {
  const auto pair = sign_up();
  const auto scope = scope_of(pair);
  EXPECT_EQ(run_task(accounts_.profile(scope))->email, "ada@example.com");
  run_task(accounts_.erase(scope));
  EXPECT_TRUE(fails_with(ErrorCode::token_invalid, run_task(accounts_.profile(scope))));
}

TEST_F(AccountsTest, ErasingEndsEveryLoginAtOnceAndTellsTheListeners) {
  const auto here = sign_up();
  const auto elsewhere = login(kEmail, kPassword);
  EXPECT_TRUE(accepted(elsewhere->access_token));
  const auto scope = scope_of(here);
  EXPECT_TRUE(run_task(accounts_.erase(scope)));
  EXPECT_FALSE(accepted(here.access_token));
  EXPECT_FALSE(accepted(elsewhere->access_token));
  EXPECT_TRUE(fails_with(ErrorCode::token_invalid, refresh(elsewhere->refresh_token)));
  EXPECT_TRUE(fails_with(ErrorCode::invalid_credentials, login(kEmail, kPassword)));
  EXPECT_EQ(listener_.erased, std::vector{here.user.id});
  EXPECT_NE(sign_up().user.id, here.user.id);
  EXPECT_FALSE(run_task(accounts_.erase(scope)));
}

/// Runs `task` and cancels it while the store commits.
void cancelled_while_committing(tests::InMemoryUserStore& users, base::Task<> task) {
  boost::asio::io_context loop(1);
  boost::asio::cancellation_signal signal;
  users.before_answer = [&]() -> base::Task<> {
    co_await boost::asio::post(boost::asio::use_awaitable);
    signal.emit(boost::asio::cancellation_type::terminal);
  };
  auto slot = boost::asio::bind_cancellation_slot(signal.slot(), [](const std::exception_ptr&) {});
  boost::asio::co_spawn(loop, std::move(task), std::move(slot));
  loop.run_for(tests::kWatchdog);
  users.before_answer = nullptr;
}

base::Task<> log_out(Accounts& accounts, std::string token) {
  RefreshRequest request{.refresh_token = std::move(token)};
  const auto ended = co_await accounts.logout(std::move(request));
  EXPECT_TRUE(ended);
}

base::Task<> erase(Accounts& accounts, UserScope scope) {
  const bool erased = co_await accounts.erase(scope);
  EXPECT_TRUE(erased);
}

base::Task<> reuse(Accounts& accounts, std::string token) {
  RefreshRequest request{.refresh_token = std::move(token)};
  const auto refused = co_await accounts.refresh(std::move(request));
  EXPECT_FALSE(refused);
}

TEST_F(AccountsTest, ACallerWhoLeavesDuringALogoutIsLoggedOutAllTheSame) {
  const auto pair = sign_up();
  EXPECT_TRUE(accepted(pair.access_token));
  cancelled_while_committing(users_, log_out(accounts_, pair.refresh_token));
  EXPECT_FALSE(accepted(pair.access_token));
  EXPECT_EQ(listener_.revoked.size(), 1U);
}

TEST_F(AccountsTest, ACallerWhoLeavesDuringAReuseHasRevokedTheFamily) {
  const auto first = sign_up();
  const auto second = refresh(first.refresh_token);
  EXPECT_TRUE(accepted(second->access_token));
  cancelled_while_committing(users_, reuse(accounts_, first.refresh_token));
  EXPECT_FALSE(accepted(second->access_token));
  EXPECT_EQ(listener_.revoked.size(), 1U);
}

TEST_F(AccountsTest, ACallerWhoLeavesWhileErasingIsErasedEverywhere) {
  const auto pair = sign_up();
  EXPECT_TRUE(accepted(pair.access_token));
  cancelled_while_committing(users_, erase(accounts_, scope_of(pair)));
  EXPECT_FALSE(accepted(pair.access_token));
  EXPECT_EQ(listener_.erased.size(), 1U);
}

}  // namespace
}  // namespace codelab::core::identity
