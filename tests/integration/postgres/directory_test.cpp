#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "infra/postgres/migrations.hpp"
#include "tests/integration/postgres/sharded.hpp"

/// Users who are spread over two databases: where they are made, found, listed and erased, and what is left when that
/// is cut off.
namespace codelab::infra::postgres {
namespace {

using base::ErrorCode;
using core::identity::ScopeIssuer;
using core::identity::UserScope;
using testing::HasSubstr;
using testing::UnorderedElementsAre;
using tests::run_task;
using namespace std::chrono_literals;

class PostgresDirectory : public testing::Test {
 protected:
  base::Result<core::identity::User> create(const base::UserId& id, const std::string& email) {
    return run_task(users.create(credentials_of(id, email, served.clock.now()), {}));
  }
  std::optional<base::UserId> found(const std::string& email) {
    const auto user = run_task(users.find_by_email(email));
    return user ? std::optional(user->user.id) : std::nullopt;
  }
  std::string email_of(const UserScope& user) { return user.user().str() + "@example.org"; }
  /// A user whose creation was cut off before the directory knew of them.
  base::UserId orphan_in(const std::string& shard, const std::string& email, base::Timestamp made_at) {
    const auto id = base::UserId::generate();
    shards.query(shard, fmt::format("INSERT INTO users VALUES ('{}', '{}', 'hash', {})", id.str(), email,
                                    base::to_micros(made_at)));
    return id;
  }

  Sharded shards;
  Served served{shards.settings()};
  PostgresUserStore users{served.database()};
};

TEST_F(PostgresDirectory, AUserIsMadeInTheShardThatDrawsThemAndFoundThere) {
  for (const std::string shard : {"main", "b"}) {
    const auto user = new_user_in(served, shard);
    EXPECT_EQ(shards.entry(user.user()), shard + "||");
    EXPECT_TRUE(shards.has_rows(shard, user.user()));
    EXPECT_FALSE(shards.has_rows(shard == "main" ? "b" : "main", user.user()));
    EXPECT_EQ(found(email_of(user)), user.user());
    EXPECT_TRUE(run_task(users.find(user)));
  }
}

TEST_F(PostgresDirectory, AnotherProcessAsksOnceWhereAUserLives) {
  const auto user = new_user_in(served, "b");
  Served other(shards.settings());
  PostgresUserStore others(other.database());
  EXPECT_TRUE(run_task(others.find(user)));
  EXPECT_TRUE(run_task(others.find(user)));
  EXPECT_THAT(other.observer.take(), UnorderedElementsAre(std::pair("user.find", 2), std::pair("user.place", 1)));
}

TEST_F(PostgresDirectory, AUserWithoutAnEntryLivesInMainAndIsAskedForOnce) {
  const auto user = ScopeIssuer::open(orphan_in("main", "old@example.org", served.clock.now()));
  EXPECT_EQ(shards.entry(user.user()), "none");
  EXPECT_EQ(found("old@example.org"), user.user());
  served.observer.take();
  EXPECT_TRUE(run_task(users.find(user)));
  EXPECT_TRUE(run_task(users.find(user)));
  EXPECT_THAT(served.observer.take(), UnorderedElementsAre(std::pair("user.find", 2), std::pair("user.place", 1)));
  EXPECT_EQ(run_task(users.list()).size(), 1);
  EXPECT_TRUE(run_task(users.erase(user, served.clock.now())));
  EXPECT_EQ(found("old@example.org"), std::nullopt);
}

TEST_F(PostgresDirectory, AnAddressIsTakenOnceOverAllShards) {
  for (const auto& [first, second] : {std::pair{"main", "b"}, std::pair{"b", "main"}, std::pair{"b", "b"}}) {
    const auto email = fmt::format("{}-{}@example.org", first, second);
    const auto holder = id_for(served, first);
    const auto loser = id_for(served, second);
    ASSERT_TRUE(create(holder, email));
    EXPECT_EQ(create(loser, email).error().code, ErrorCode::email_taken);
    EXPECT_FALSE(shards.has_rows(second, loser));
    EXPECT_EQ(shards.entry(loser), "none");
    EXPECT_EQ(found(email), holder);
  }
}

TEST_F(PostgresDirectory, AnAddressOfAUserFromBeforeThereWereShardsIsTaken) {
  const auto old = orphan_in("main", "old@example.org", served.clock.now());
  for (const auto* shard : {"main", "b"}) {
    const auto loser = id_for(served, shard);
    EXPECT_EQ(create(loser, "old@example.org").error().code, ErrorCode::email_taken);
    EXPECT_FALSE(shards.has_rows(shard, loser));
  }
  EXPECT_EQ(found("old@example.org"), old);
}

TEST_F(PostgresDirectory, WhoWasNotMadeToTheEndIsNoUserAndGivesWayAfterAMinute) {
  const auto orphan = orphan_in("b", "x@example.org", served.clock.now());
  EXPECT_EQ(found("x@example.org"), std::nullopt);
  EXPECT_TRUE(run_task(users.list()).empty());
  const auto newcomer = id_for(served, "b");
  // Somebody may be at it at this moment.
  EXPECT_EQ(create(newcomer, "x@example.org").error().code, ErrorCode::email_taken);
  EXPECT_TRUE(shards.has_rows("b", orphan));
  shards.query("b", fmt::format("UPDATE users SET created_at = {}", base::to_micros(served.clock.now() - 2min)));
  ASSERT_TRUE(create(newcomer, "x@example.org"));
  EXPECT_FALSE(shards.has_rows("b", orphan));
  EXPECT_EQ(found("x@example.org"), newcomer);
}

TEST_F(PostgresDirectory, AnEntryWhoseUserIsErasedGivesWay) {
  const auto gone = new_user_in(served, "b");
  shards.query("b", "DELETE FROM users");
  EXPECT_EQ(found(email_of(gone)), std::nullopt);
  const auto newcomer = id_for(served, "main");
  ASSERT_TRUE(create(newcomer, email_of(gone)));
  EXPECT_EQ(shards.entry(gone.user()), "none");
  EXPECT_EQ(found(email_of(gone)), newcomer);
}

TEST_F(PostgresDirectory, AnErasedUserLeavesNothing) {
  for (const auto* shard : {"main", "b"}) {
    const auto user = new_user_in(served, shard);
    EXPECT_TRUE(run_task(users.erase(user, served.clock.now())));
    EXPECT_FALSE(run_task(users.erase(user, served.clock.now())));
    EXPECT_EQ(shards.entry(user.user()), "none");
    EXPECT_FALSE(shards.has_rows(shard, user.user()));
    EXPECT_EQ(found(email_of(user)), std::nullopt);
    EXPECT_FALSE(run_task(users.find(user)));
  }
}

TEST_F(PostgresDirectory, OnlyOperatorsReachIt) {
  const auto user = new_user_in(served, "b");
  Batch batch;
  static constexpr Sql kCall = "SELECT shard FROM codelab_place('018f0000-0000-7000-8000-000000000000')";
  static constexpr Sql kTable = "SELECT shard FROM user_places";
  static constexpr Sql kFences = "SELECT user_id FROM moved_users";
  const auto outcome = [&](Sql sql) {
    Batch one;
    one.add(sql);
    return failure_of(served.database().read("raw", user, std::move(one)));
  };
  EXPECT_EQ(outcome(kCall), "42501");
  EXPECT_EQ(outcome(kTable), "42501");
  EXPECT_EQ(outcome(kFences), "42501");
}

std::string refusal_of(const DatabaseSettings& settings) {
  try {
    Served started(settings);
  } catch (const base::StoreError& refused) {
    return refused.what();
  }
  return "none";
}

TEST_F(PostgresDirectory, AddressesThatWereSwappedOrAreTheSameAreRefused) {
  auto swapped = shards.settings();
  std::swap(swapped.address, swapped.shards[0].address);
  std::swap(swapped.migration_address, swapped.shards[0].migration_address);
  EXPECT_THAT(refusal_of(swapped), HasSubstr("is the shard b, not main"));
  auto same = shards.settings();
  same.shards[0] = {.name = "b", .address = same.address, .migration_address = same.migration_address};
  EXPECT_THAT(refusal_of(same), HasSubstr("is the shard main, not b"));
  EXPECT_EQ(refusal_of(shards.settings()), "none");
}

TEST_F(PostgresDirectory, AProcessThatDoesNotKnowAShardThatUsersLiveInIsRefused) {
  auto alone = shards.settings();
  alone.shards.clear();
  EXPECT_EQ(refusal_of(alone), "none");
  new_user_in(served, "b");
  EXPECT_THAT(refusal_of(alone), HasSubstr("knows the shard b"));
  auto b_alone = DatabaseSettings{.address = shards.b.serving(), .migration_address = shards.b.owner()};
  EXPECT_THAT(refusal_of(b_alone), HasSubstr("knows the shard b"));
}

TEST(PostgresShards, OneThatIsAwayKeepsNobodyElseWaitingAndIsServedOnceItIsThere) {
  const tests::PostgresDatabase main;
  tests::PostgresServer away;
  away.create_database("b");
  DatabaseSettings settings{.address = main.serving(), .migration_address = main.owner(), .connections = 4};
  settings.shards.push_back({.name = "b", .address = away.address("app", "b")});
  settings.pool.max_wait = 300ms;
  settings.pool.max_backoff = 50ms;
  std::optional<UserScope> hers;
  {
    Served before(settings);
    hers = new_user_in(before, "b");
  }
  away.stop();
  Served served(settings);
  PostgresUserStore users(served.database());
  const auto his = new_user_in(served, "main");
  EXPECT_EQ(failure_of(users.find(his)), "none");
  EXPECT_EQ(failure_of(users.find(*hers)), "store");
  EXPECT_EQ(failure_of(users.erase(*hers, served.clock.now())), "store");
  EXPECT_FALSE(served.database().available(1));
  away.start();
  const auto watchdog = std::chrono::steady_clock::now() + tests::kWatchdog;
  while (failure_of(users.find(*hers)) != "none") ASSERT_LT(std::chrono::steady_clock::now(), watchdog);
  PostgresTaskLeases leases(served.database(), 1);
  run_task(leases.renew(1s));
  EXPECT_TRUE(served.database().available(1));
}

}  // namespace
}  // namespace codelab::infra::postgres
