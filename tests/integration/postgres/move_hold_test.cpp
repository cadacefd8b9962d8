#include "infra/postgres/move_hold.hpp"

#include <functional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "infra/postgres/user_copy.hpp"
#include "tests/integration/postgres/sharded.hpp"

/// A command that moves a user was stopped for so long that it has lost the right to, and goes on where it was: what it
/// does changes nothing.
namespace codelab::infra::postgres {
namespace {

using core::identity::UserScope;
using tests::run_task;

constexpr Sql kDeleteUser = "DELETE FROM users WHERE id = $1";

using Work = base::Task<> (*)(ShardLines& lines, MoveHold& hold, UserScope user);

class PostgresMoveHold : public testing::Test {
 protected:
  /// What `work` throws when the hold is lost before it, and another command moves the user from `main` to `b`.
  std::string outcome_too_late(Work work) { return failure_of(do_too_late(work)); }

  base::Task<> do_too_late(Work work) {
    ShardLines lines(shards.settings());
    auto hold = co_await MoveHold::take(lines, user.user());
    lose_holds();
    EXPECT_TRUE(shards.move(user.user(), "b"));
    before = shards.rows("b", user.user());
    std::exception_ptr failure;
    try {
      co_await work(lines, *hold, user);
    } catch (...) {
      failure = std::current_exception();
    }
    hold->close();
    lines.close();
    if (failure) std::rethrow_exception(failure);
  }

  /// As when the line of a command that has stopped is cut somewhere in between.
  void lose_holds() {
    const std::string holders =
        " FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = "
        "current_database())";
    shards.query("main", "SELECT pg_terminate_backend(pid)" + holders);
    while (!shards.query("main", "SELECT pid" + holders).empty()) {
    }
  }

  void expect_lives_in_b() {
    EXPECT_EQ(shards.entry(user.user()), "b||");
    EXPECT_EQ(shards.rows("b", user.user()), before);
    EXPECT_FALSE(shards.fenced("b", user.user()));
    EXPECT_TRUE(shards.fenced("main", user.user()));
    PostgresUserStore users(served.database());
    EXPECT_TRUE(run_task(users.find(user)));
  }

  Sharded shards;
  Served served{shards.settings()};
  const UserScope user = new_user_in(served, "main");
  std::map<std::string, std::vector<std::string>> before;
};

base::Task<> copy(ShardLines& lines, MoveHold& hold, UserScope user) {
  std::string source = "main";
  std::string target = "b";
  co_await copy_user(lines, hold, user, std::move(source), std::move(target));
}

TEST_F(PostgresMoveHold, WhoHasLostItReplacesNothingByACopy) {
  EXPECT_EQ(outcome_too_late(copy), "store");
  expect_lives_in_b();
}

base::Task<> lift_at_main(ShardLines&, MoveHold& hold, UserScope user) {
  std::string shard = "main";
  auto lift = directory::lift_fence(user.user());
  co_await hold.run_alone(std::move(shard), std::move(lift));
}

TEST_F(PostgresMoveHold, WhoHasLostItLiftsNoFence) {
  EXPECT_EQ(outcome_too_late(lift_at_main), "store");
  expect_lives_in_b();
}

base::Task<> delete_at_b(ShardLines& lines, MoveHold& hold, UserScope user) {
  std::string shard = "b";
  auto deletion = entering(lines.visibility(user), false);
  deletion.add(kDeleteUser, user.user());
  co_await hold.run_alone(std::move(shard), std::move(deletion));
}

TEST_F(PostgresMoveHold, WhoHasLostItDeletesNothing) {
  EXPECT_EQ(outcome_too_late(delete_at_b), "store");
  expect_lives_in_b();
}

base::Task<> begin_to_move_back(ShardLines&, MoveHold& hold, UserScope user) {
  auto announcement = directory::begin_move(user.user(), "b", "main");
  co_await hold.change(std::move(announcement));
}

TEST_F(PostgresMoveHold, WhoHasLostItChangesNoEntry) {
  EXPECT_EQ(outcome_too_late(begin_to_move_back), "store");
  expect_lives_in_b();
}

/// Whoever has it can do what the others above could not.
base::Task<> move_back_by_hand(DatabaseSettings settings, UserScope user) {
  ShardLines lines(settings);
  auto hold = co_await MoveHold::take(lines, user.user());
  EXPECT_TRUE(hold);
  auto second = co_await MoveHold::take(lines, user.user());
  EXPECT_FALSE(second);
  co_await begin_to_move_back(lines, *hold, user);
  auto still_alone = co_await MoveHold::take(lines, user.user());
  EXPECT_FALSE(still_alone);
  co_await lift_at_main(lines, *hold, user);
  hold->close();
  lines.close();
}

TEST_F(PostgresMoveHold, LastsFromOneChangeOfTheDirectoryToTheNext) {
  ASSERT_TRUE(shards.move(user.user(), "b"));
  run_task(move_back_by_hand(shards.settings(), user));
  EXPECT_EQ(shards.entry(user.user()), "b|main|");
  EXPECT_FALSE(shards.fenced("main", user.user()));
}

}  // namespace
}  // namespace codelab::infra::postgres
