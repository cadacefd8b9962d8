#include "tests/integration/postgres/moving.hpp"

/// Moves that were cut off: what is left of them is mended, whatever happens before.
namespace codelab::infra::postgres {
namespace {

using tests::run_task;
using Step = UserMover::Step;
using Kind = UserMover::Outcome::Kind;

class PostgresCutOffMove : public PostgresUserMove {};

TEST_F(PostgresCutOffMove, EveryPointWhereItIsCutOffIsMendedByTheSameCommand) {
  std::string home = "main";
  std::string there = "b";
  for (const auto step : {Step::announced, Step::fenced, Step::copied, Step::turned, Step::opened}) {
    const auto before = shards.rows(home, user.user());
    ASSERT_TRUE(shards.move(user.user(), there, step));
    if (step != Step::announced && step != Step::opened) expect_closed();
    EXPECT_NE(shards.fenced(home, user.user()) && shards.fenced(there, user.user()),
              step == Step::announced || step == Step::opened);
    EXPECT_TRUE(run_task(users.find(neighbour)));
    ASSERT_TRUE(shards.move(user.user(), there));
    EXPECT_EQ(shards.rows(there, user.user()), before);
    expect_lives_in(there);
    std::swap(home, there);
  }
}

TEST_F(PostgresCutOffMove, CanBeGivenUpUntilTheDirectoryHasTurned) {
  for (const auto step : {Step::announced, Step::fenced, Step::copied}) {
    const auto before = shards.rows("main", user.user());
    ASSERT_TRUE(shards.move(user.user(), "b", step));
    EXPECT_EQ(shards.fenced("b", user.user()), step != Step::announced);
    const auto back = shards.move(user.user(), "main");
    ASSERT_TRUE(back);
    EXPECT_EQ(back->kind, Kind::given_up);
    EXPECT_EQ(shards.rows("main", user.user()), before);
    expect_lives_in("main");
  }
  ASSERT_TRUE(shards.move(user.user(), "b"));
  expect_lives_in("b");
}

TEST_F(PostgresCutOffMove, WhatACutOffAttemptHasLeftIsReplaced) {
  ASSERT_TRUE(shards.move(user.user(), "b", Step::copied));
  shards.query("b", "UPDATE messages SET content = 'old'; DELETE FROM events WHERE seq % 2 = 0");
  const auto before = shards.rows("main", user.user());
  ASSERT_TRUE(shards.move(user.user(), "b"));
  EXPECT_EQ(shards.rows("b", user.user()), before);
}

TEST_F(PostgresCutOffMove, AnErasureTakesWhatACutOffMoveHasLeft) {
  ASSERT_TRUE(shards.move(user.user(), "b", Step::opened));
  EXPECT_TRUE(shards.has_rows("main", user.user()));
  EXPECT_TRUE(run_task(users.erase(user, served.clock.now())));
  EXPECT_FALSE(shards.has_rows("main", user.user()));
  EXPECT_FALSE(shards.has_rows("b", user.user()));
  EXPECT_EQ(shards.entry(user.user()), "none");
  EXPECT_FALSE(run_task(users.find(user)));
}

TEST_F(PostgresCutOffMove, AnErasureBehindTheLastFenceErasesNothingAndTheMoveCanBeEnded) {
  ASSERT_TRUE(shards.move(user.user(), "b", Step::turned));
  EXPECT_EQ(failure_of(users.erase(user, served.clock.now())), "store");
  EXPECT_TRUE(shards.has_rows("b", user.user()));
  ASSERT_TRUE(shards.move(user.user(), "b"));
  expect_lives_in("b");
  EXPECT_TRUE(run_task(users.erase(user, served.clock.now())));
  EXPECT_FALSE(shards.has_rows("b", user.user()));
  EXPECT_EQ(shards.entry(user.user()), "none");
}

TEST_F(PostgresCutOffMove, ToWhereTheUserLivesLiftsAFenceThatWasForgottenThere) {
  ASSERT_TRUE(shards.move(user.user(), "b"));
  shards.query("b", fmt::format("INSERT INTO moved_users VALUES ('{}', 0)", user.user().str()));
  expect_closed();
  EXPECT_EQ(shards.move(user.user(), "b")->kind, Kind::was_there);
  expect_lives_in("b");
}

TEST_F(PostgresCutOffMove, AnErasureOnTheWayErasesNothing) {
  ASSERT_TRUE(shards.move(user.user(), "b", Step::copied));
  EXPECT_EQ(failure_of(users.erase(user, served.clock.now())), "store");
  ASSERT_TRUE(shards.move(user.user(), "b"));
  expect_lives_in("b");
}

}  // namespace
}  // namespace codelab::infra::postgres
