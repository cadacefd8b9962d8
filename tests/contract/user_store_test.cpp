#include <gtest/gtest.h>

#include "tests/contract/stores.hpp"

namespace codelab::tests {
namespace {

using core::identity::RefreshTokenRecord;
using core::identity::RotationOutcome;
using core::identity::UserCredentials;
using core::identity::UserScope;
using namespace std::chrono_literals;

class UserStoreContract : public StoreContract {
 protected:
  UserCredentials credentials(const std::string& email) {
    return {.user = {.id = base::UserId::generate(), .email = email, .created_at = clock.now()},
            .password_hash = "hash of " + email};
  }

  RefreshTokenRecord token(const std::string& hash, base::Timestamp expires_at) {
    return {.token_hash = hash, .session = base::AuthSessionId::generate(), .expires_at = expires_at};
  }

  /// Opens a session with a token that is good for an hour.
  base::AuthSessionId open(const UserScope& user, const std::string& hash) {
    const auto now = clock.now();
    const auto first = token(hash, now + 1h);
    run_task(stores->users().open_session(user, first, now));
    return first.session;
  }

  core::identity::UserStore::Rotation rotate(const UserScope& user, const std::string& used, const std::string& next) {
    const auto now = clock.now();
    return run_task(stores->users().rotate(user, used, token(next, now + 1h), now));
  }

  bool alive(const UserScope& user, const base::AuthSessionId& session) {
    return run_task(stores->users().session_alive(user, session));
  }
};

CODELAB_OVER_EVERY_STORE(UserStoreContract);

TEST_P(UserStoreContract, CreatesAUserWithTheirTeamAndTellsIt) {
  const auto wanted = credentials("ann@example.org");
  const core::agents::Agent coder{.id = base::AgentId::generate(), .name = "coder"};
  const auto created = run_task(stores->users().create(wanted, {coder}));
  ASSERT_TRUE(created);
  const auto scope = core::identity::ScopeIssuer::open(created->id);
  const auto found = run_task(stores->users().find(scope));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->email, "ann@example.org");
  EXPECT_EQ(found->created_at, wanted.user.created_at);
  EXPECT_TRUE(run_task(stores->agents().find(scope, {.id = coder.id})));
  EXPECT_EQ(relay.take().size(), 2);
  EXPECT_EQ(own_event_types(scope), (std::vector<std::string>{"USER_REGISTERED", "AGENT_CREATED"}));
}

TEST_P(UserStoreContract, FindsCredentialsByEmailOnly) {
  const auto wanted = credentials("ann@example.org");
  ASSERT_TRUE(run_task(stores->users().create(wanted, {})));
  const auto found = run_task(stores->users().find_by_email("ann@example.org"));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->user.id, wanted.user.id);
  EXPECT_EQ(found->password_hash, wanted.password_hash);
  EXPECT_FALSE(run_task(stores->users().find_by_email("bob@example.org")));
}

TEST_P(UserStoreContract, RefusesAnEmailThatIsTaken) {
  ASSERT_TRUE(run_task(stores->users().create(credentials("ann@example.org"), {})));
  const auto again = run_task(stores->users().create(credentials("ann@example.org"), {}));
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, base::ErrorCode::email_taken);
  EXPECT_EQ(run_task(stores->users().list()).size(), 1);
}

TEST_P(UserStoreContract, ListsUsersOldestFirst) {
  const auto first = new_user();
  const auto second = new_user();
  const auto users = run_task(stores->users().list());
  ASSERT_EQ(users.size(), 2);
  EXPECT_EQ(users[0].id, first.user());
  EXPECT_EQ(users[1].id, second.user());
}

TEST_P(UserStoreContract, ErasesEverythingOfOneUserAndNothingOfAnother) {
  const auto ann = new_user();
  const auto bob = new_user();
  for (const auto& user : {ann, bob}) {
    new_agent(user, "coder");
    begun(user, new_session(user));
    open(user, "token of " + user.user().str());
  }
  EXPECT_TRUE(run_task(stores->users().erase(ann, clock.now())));
  EXPECT_FALSE(run_task(stores->users().erase(ann, clock.now())));
  EXPECT_FALSE(run_task(stores->users().find(ann)));
  EXPECT_EQ(run_task(stores->agents().list(ann, {})).total, 0);
  EXPECT_EQ(run_task(stores->sessions().list(ann, {})).total, 0);
  EXPECT_EQ(run_task(stores->tasks().list(ann, {}, {})).total, 0);
  EXPECT_TRUE(events_of(ann, core::events::own_stream(ann.user())).empty());
  EXPECT_TRUE(run_task(stores->users().find(bob)));
  EXPECT_EQ(run_task(stores->agents().list(bob, {})).total, 1);
  EXPECT_EQ(run_task(stores->tasks().list(bob, {}, {})).total, 1);
}

TEST_P(UserStoreContract, RotatesATokenOnceAndKeepsItsSession) {
  const auto user = new_user();
  const auto session = open(user, "one");
  const auto rotated = rotate(user, "one", "two");
  EXPECT_EQ(rotated.outcome, RotationOutcome::rotated);
  EXPECT_EQ(rotated.session, session);
  EXPECT_EQ(rotate(user, "two", "three").session, session);
  EXPECT_TRUE(alive(user, session));
}

TEST_P(UserStoreContract, ATokenUsedTwiceRevokesItsSessionAndNoOther) {
  const auto user = new_user();
  const auto session = open(user, "one");
  const auto other = open(user, "other");
  rotate(user, "one", "two");
  EXPECT_EQ(rotate(user, "one", "stolen").outcome, RotationOutcome::reused);
  EXPECT_FALSE(alive(user, session));
  EXPECT_TRUE(alive(user, other));
  EXPECT_NE(rotate(user, "two", "three").outcome, RotationOutcome::rotated);
}

TEST_P(UserStoreContract, TellsExpiredTokensFromUnknownOnes) {
  const auto user = new_user();
  const auto now = clock.now();
  run_task(stores->users().open_session(user, token("old", now), now));
  EXPECT_EQ(rotate(user, "old", "new").outcome, RotationOutcome::expired);
  EXPECT_EQ(rotate(user, "never", "new").outcome, RotationOutcome::unknown);
}

TEST_P(UserStoreContract, ForgetsTokensThatExpiredLongAgo) {
  const auto user = new_user();
  const auto now = clock.now();
  run_task(stores->users().open_session(user, token("old", now), now));
  const auto later = now + std::chrono::days{31};
  EXPECT_EQ(run_task(stores->users().rotate(user, "old", token("new", later), later)).outcome,
            RotationOutcome::unknown);
}

TEST_P(UserStoreContract, RevokesTheSessionOfAToken) {
  const auto user = new_user();
  const auto session = open(user, "one");
  EXPECT_EQ(run_task(stores->users().revoke(user, "one", clock.now())), session);
  EXPECT_FALSE(alive(user, session));
  EXPECT_FALSE(run_task(stores->users().revoke(user, "never", clock.now())));
}

TEST_P(UserStoreContract, AnotherUsersTokenIsUnknown) {
  const auto ann = new_user();
  const auto bob = new_user();
  const auto session = open(ann, "one");
  EXPECT_EQ(rotate(bob, "one", "two").outcome, RotationOutcome::unknown);
  EXPECT_FALSE(run_task(stores->users().revoke(bob, "one", clock.now())));
  EXPECT_FALSE(alive(bob, session));
  EXPECT_TRUE(alive(ann, session));
}

TEST_P(UserStoreContract, AnErasedUsersSessionIsDead) {
  const auto user = new_user();
  const auto session = open(user, "one");
  run_task(stores->users().erase(user, clock.now()));
  EXPECT_FALSE(alive(user, session));
}

}  // namespace
}  // namespace codelab::tests
