#include "core/identity/authenticator.hpp"

#include <gtest/gtest.h>

#include "core/identity/jwt.hpp"
#include "tests/unit/core/identity/identity_fixture.hpp"

namespace codelab::core::identity {
namespace {

using base::ErrorCode;
using tests::fails_with;
using tests::run_task;

class AuthenticatorTest : public tests::IdentityTest {
 protected:
  base::Result<Identity> with_header(std::string header) {
    return run_task(authenticator_.authenticate(std::move(header)));
  }
};

TEST_F(AuthenticatorTest, ATokenYieldsTheScopeOfItsUserAndTheLogin) {
  const auto pair = sign_up();
  const auto identity = with_header("Bearer " + pair.access_token);
  ASSERT_TRUE(identity);
  EXPECT_EQ(identity->scope.user(), pair.user.id);
  const auto claims = verify_access_token(keys_, pair.access_token, clock_.now());
  EXPECT_EQ(identity->session, claims->session);
}

TEST_F(AuthenticatorTest, TheSchemeIsReadInAnyCase) {
  const auto pair = sign_up();
  EXPECT_TRUE(with_header("bearer " + pair.access_token));
  EXPECT_TRUE(with_header("BEARER   " + pair.access_token));
}

TEST_F(AuthenticatorTest, NoBearerTokenIsAMissingOne) {
  const auto pair = sign_up();
  for (const std::string& header : {std::string(), std::string("Bearer"), std::string("Bearer "),
                                    std::string("Bearer    "), std::string("Basic dXNlcjpwYXNz"), pair.access_token,
                                    "Bearer" + pair.access_token, "Bearer\t" + pair.access_token}) {
    EXPECT_TRUE(fails_with(ErrorCode::token_missing, with_header(header))) << header;
  }
}

TEST_F(AuthenticatorTest, ABadTokenIsRefused) {
  const auto pair = sign_up();
  for (const std::string& header :
       {std::string("Bearer a.b"), std::string("bearer x y"), std::string("Bearer ...."),
        "Bearer " + pair.access_token + " ", "Bearer " + pair.access_token + ",x", "Bearer " + pair.refresh_token}) {
    EXPECT_TRUE(fails_with(ErrorCode::token_invalid, with_header(header))) << header;
  }
}

TEST_F(AuthenticatorTest, AttackExpiredTokenIsRefusedAlthoughItsLoginIsRemembered) {
  const auto pair = sign_up();
  EXPECT_TRUE(accepted(pair.access_token));
  clock_.advance(std::chrono::minutes(30));
  EXPECT_TRUE(fails_with(ErrorCode::token_invalid, authenticate(pair.access_token)));
}

TEST_F(AuthenticatorTest, AttackWellSignedTokenOfALoginThatNeverWas) {
  tests::TokenForge forge(clock_.now());
  EXPECT_TRUE(fails_with(ErrorCode::token_invalid, authenticate(forge.sign())));
  forge.claims["sub"] = sign_up().user.id.str();
  EXPECT_TRUE(fails_with(ErrorCode::token_invalid, authenticate(forge.sign())));
}

TEST_F(AuthenticatorTest, AttackALoginOfOneUserDoesNotCarryAnother) {
  const auto mine = sign_up("a@example.com");
  const auto yours = sign_up("b@example.com");
  EXPECT_TRUE(accepted(mine.access_token));
  tests::TokenForge forge(clock_.now());
  forge.claims["sid"] = authenticate(mine.access_token)->session.str();
  forge.claims["sub"] = yours.user.id.str();
  EXPECT_TRUE(fails_with(ErrorCode::token_invalid, authenticate(forge.sign())));
  forge.claims["sub"] = mine.user.id.str();
  EXPECT_TRUE(accepted(forge.sign()));
}

TEST_F(AuthenticatorTest, TheStoreIsAskedOnceAndAgainWhenItsAnswerIsOld) {
  const auto pair = sign_up();
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(accepted(pair.access_token));
  EXPECT_EQ(users_.queries, 1);
  steady_.advance(AuthSessions::kTtl);
  EXPECT_TRUE(accepted(pair.access_token));
  EXPECT_EQ(users_.queries, 2);
}

TEST_F(AuthenticatorTest, AttackRevokedSessionIsRefusedAtOnce) {
  const auto pair = sign_up();
  EXPECT_TRUE(accepted(pair.access_token));
  EXPECT_TRUE(logout(pair.refresh_token));
  EXPECT_TRUE(fails_with(ErrorCode::token_invalid, authenticate(pair.access_token)));
}

TEST_F(AuthenticatorTest, ALogoutDuringTheQuestionIsNotForgotten) {
  const auto pair = sign_up();
  users_.before_answer = [&]() -> base::Task<> {
    users_.before_answer = nullptr;
    RefreshRequest request{.refresh_token = pair.refresh_token};
    const auto ended = co_await accounts_.logout(std::move(request));
    EXPECT_TRUE(ended);
  };
  const bool either_way = accepted(pair.access_token);
  static_cast<void>(either_way);
  EXPECT_FALSE(accepted(pair.access_token));
}

TEST_F(AuthenticatorTest, AnotherProcessLearnsOfALogoutWithinTheTtl) {
  infra::inprocess::InProcessCache elsewhere_cache(1 << 20, [this] { return steady_.now(); });
  AuthSessions elsewhere_sessions(users_, elsewhere_cache, clock_, {});
  Authenticator elsewhere(elsewhere_sessions, keys_, clock_);
  const auto pair = sign_up();
  EXPECT_TRUE(run_task(elsewhere.authenticate("Bearer " + pair.access_token)));
  EXPECT_TRUE(logout(pair.refresh_token));
  steady_.advance(AuthSessions::kTtl);
  EXPECT_FALSE(run_task(elsewhere.authenticate("Bearer " + pair.access_token)));
}

}  // namespace
}  // namespace codelab::core::identity
