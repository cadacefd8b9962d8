#include <atomic>
#include <thread>

#include <libpq-fe.h>

#include "infra/postgres/memory_debts.hpp"
#include "tests/integration/postgres/moving.hpp"

/// Moving a user from one database to another: every byte arrives, and nobody works in two places.
namespace codelab::infra::postgres {
namespace {

using base::ErrorCode;
using core::chat::Task;
using core::events::EventType;
using testing::HasSubstr;
using testing::SizeIs;
using tests::run_task;
using Step = UserMover::Step;
using Kind = UserMover::Outcome::Kind;

TEST_F(PostgresUserMove, KnowsEveryTableThatAUserOwns) {
  std::vector<std::string> known;
  for (const auto& table : user_tables()) known.emplace_back(table.name);
  EXPECT_THAT(known, testing::UnorderedElementsAreArray(
                         shards.query("main", "SELECT tablename FROM pg_policies WHERE policyname = 'own_rows'")));
  EXPECT_THAT(known, testing::UnorderedElementsAreArray(shards.query(
                         "main",
                         "SELECT table_name FROM information_schema.columns WHERE table_schema = 'public' AND "
                         "(column_name = 'user_id' OR (table_name = 'users' AND column_name = 'id')) "
                         "AND table_name NOT IN ('user_places', 'moved_users')")));
}

TEST_F(PostgresUserMove, BringsEveryByteOfEveryRowThereAndBack) {
  const auto before = shards.rows("main", user.user());
  const auto neighbours = shards.rows("main", neighbour.user());
  std::size_t count = 0;
  for (const auto& [table, rows] : before) {
    EXPECT_FALSE(rows.empty()) << table;
    count += rows.size();
  }
  const auto moved = shards.move(user.user(), "b");
  ASSERT_TRUE(moved);
  EXPECT_EQ(moved->kind, Kind::moved);
  EXPECT_EQ(moved->rows, static_cast<std::int64_t>(count));
  EXPECT_EQ(shards.rows("b", user.user()), before);
  EXPECT_TRUE(shards.fenced("main", user.user()));
  EXPECT_FALSE(shards.has_rows("main", user.user()));
  EXPECT_EQ(shards.rows("main", neighbour.user()), neighbours);
  ASSERT_TRUE(shards.move(user.user(), "main"));
  EXPECT_EQ(shards.rows("main", user.user()), before);
  EXPECT_FALSE(shards.has_rows("b", user.user()));
  expect_lives_in("main");
}

TEST_F(PostgresUserMove, AProcessThatKnewThePlaceFindsTheNewOne) {
  Served other(shards.settings());
  PostgresUserStore others(other.database());
  for (const auto* target : {"b", "main", "b"}) {
    EXPECT_TRUE(run_task(others.find(user)));
    EXPECT_TRUE(run_task(append(served)));
    ASSERT_TRUE(shards.move(user.user(), target));
    other.observer.take();
    EXPECT_TRUE(run_task(others.find(user)));
    EXPECT_THAT(other.observer.take(),
                testing::UnorderedElementsAre(std::pair("user.find", 2), std::pair("user.place", 1)));
  }
  expect_lives_in("b");
}

TEST_F(PostgresUserMove, AnAddressThatSomebodyHoldsThereWhoWasNeverMadeGivesWay) {
  const auto orphan = base::UserId::generate();
  shards.query("b", fmt::format("INSERT INTO users VALUES ('{}', '{}@example.org', 'hash', 0)", orphan.str(),
                                user.user().str()));
  ASSERT_TRUE(shards.move(user.user(), "b"));
  EXPECT_FALSE(shards.has_rows("b", orphan));
  expect_lives_in("b");
}

TEST_F(PostgresUserMove, OfAUserWithoutAnEntryMakesOne) {
  shards.query("main", "DELETE FROM user_places");
  ASSERT_TRUE(shards.move(user.user(), "b"));
  expect_lives_in("b");
}

TEST_F(PostgresUserMove, SaysWhyItCannotBe) {
  EXPECT_EQ(shards.move(user.user(), "c").error().code, ErrorCode::not_found);
  EXPECT_EQ(shards.move(base::UserId::generate(), "b").error().code, ErrorCode::not_found);
  EXPECT_EQ(shards.move(user.user(), "main")->kind, Kind::was_there);
  const auto gone = new_user_in(served, "b");
  shards.query("b", fmt::format("DELETE FROM users WHERE id = '{}'", gone.user().str()));
  EXPECT_THAT(shards.move(gone.user(), "main").error().detail, HasSubstr("is being erased"));
  EXPECT_EQ(shards.entry(gone.user()), "none") << "the erasure could not forget whoever is on the way";
  expect_lives_in("main");
}

using OwnConnection = std::unique_ptr<PGconn, decltype(&PQfinish)>;

TEST_F(PostgresUserMove, WaitsForWhoeverWorksForTheUserAndThenLeavesAllAsItWas) {
  const OwnConnection busy(PQconnectdb(shards.main.serving().c_str()), &PQfinish);
  const auto enter = fmt::format("BEGIN; SELECT codelab_enter('{}')", user.user().str());
  const std::unique_ptr<PGresult, decltype(&PQclear)> entered(PQexec(busy.get(), enter.c_str()), &PQclear);
  ASSERT_EQ(PQresultStatus(entered.get()), PGRES_TUPLES_OK);
  const auto refused = shards.move(user.user(), "b");
  EXPECT_THAT(refused.error().detail, HasSubstr("works for this user"));
  expect_lives_in("main");
  PQclear(PQexec(busy.get(), "COMMIT"));
  ASSERT_TRUE(shards.move(user.user(), "b"));
  expect_lives_in("b");
}

TEST_F(PostgresUserMove, OnlyOneCommandMovesAUserAtATime) {
  const OwnConnection other(PQconnectdb(shards.main.superuser().c_str()), &PQfinish);
  const auto hold =
      fmt::format("BEGIN; SELECT pg_advisory_xact_lock(hashtextextended('{}', 27988499683369316))", user.user().str());
  PQclear(PQexec(other.get(), hold.c_str()));
  EXPECT_THAT(shards.move(user.user(), "b").error().detail, HasSubstr("another command"));
  PQclear(PQexec(other.get(), "ROLLBACK"));
  EXPECT_TRUE(shards.move(user.user(), "b"));
}

TEST_F(PostgresUserMove, NobodyTakesOverTheTasksAndMemoriesOfAUserWhoIsNotThere) {
  shards.query("main", "UPDATE tasks SET memory_due = 1, status = 'completed'");
  PostgresMemoryDebts debts(served.database());
  ASSERT_TRUE(shards.move(user.user(), "b", Step::fenced));
  EXPECT_THAT(run_task(debts.claim(served.clock.now(), served.clock.now(), 10)), SizeIs(0));
  shards.query("main", "UPDATE tasks SET status = 'running'");
  Served heir(shards.settings());
  PostgresTaskLeases here(heir.database(), 0);
  PostgresTaskLeases there(heir.database(), 1);
  EXPECT_THAT(run_task(here.take_over({.limit = 10})), SizeIs(0));
  ASSERT_TRUE(shards.move(user.user(), "b"));
  EXPECT_THAT(run_task(here.take_over({.limit = 10})), SizeIs(0));
  const auto taken = run_task(there.take_over({.limit = 10}));
  ASSERT_THAT(taken, SizeIs(2));
  EXPECT_EQ(taken[0].scope, user);
}

/// What it has in tables that this program does not know would be deleted with it.
TEST_F(PostgresUserMove, IsRefusedWhereADatabaseHasAnotherNewestMigration) {
  const auto newest = shards.query("main", "SELECT max(version) FROM schema_migrations").at(0);
  for (const std::string shard : {"main", "b"}) {
    const auto renumber = [&](const std::string& from, const std::string& to) {
      shards.query(shard, fmt::format("UPDATE schema_migrations SET version = {} WHERE version = {}", to, from));
    };
    for (const auto& other : {newest + " + 1", newest + " - 1000"}) {
      renumber(newest, other);
      const auto refused = shards.move(user.user(), "b");
      renumber(other, newest);
      ASSERT_FALSE(refused);
      EXPECT_THAT(refused.error().detail, HasSubstr("the newest migration of the shard " + shard));
      EXPECT_FALSE(shards.fenced("b", user.user()));
      expect_lives_in("main");
    }
  }
  ASSERT_TRUE(shards.move(user.user(), "b"));
  expect_lives_in("b");
}

/// Two processes write, and read what they wrote, while the user goes to and fro.

TEST_F(PostgresUserMove, WritersOfTwoProcessesGoOnWhileTheirUserIsMoved) {
  shards.patience = std::chrono::seconds(5);
  DatabaseSettings patient = shards.settings();
  patient.pool.max_wait = std::chrono::seconds(20);
  Served other(patient);
  Served third(patient);
  const auto stream = core::events::stream_of(session.id);
  shards.query("main", fmt::format("DELETE FROM events WHERE stream_id = '{}'", session.id.str()));
  const auto first = last_seq(third);
  const auto theirs = other.begun(user, session);
  std::atomic<bool> stop{false};
  std::atomic<int> appended{0};
  // A write that fails ends the test.
  const auto write = [&](Served& process, const Task& written) {
    PostgresTaskStore tasks(process.database());
    while (!stop) {
      const auto failure =
          failure_of(tasks.append(user, written, {{.type = EventType::task_progress, .task = written.id}}));
      EXPECT_EQ(failure, "none");
      if (failure != "none") stop = true;
      ++appended;
    }
  };
  {
    const std::jthread writer([&] { write(third, third.begun(user, session)); });
    const std::jthread another([&] { write(other, theirs); });
    for (const auto* target : {"b", "main", "b", "main", "b"}) {
      const int reached = appended + 20;
      EXPECT_TRUE(shards.move(user.user(), target));
      while (!stop && appended < reached) std::this_thread::yield();
    }
    stop = true;
  }
  PostgresEventLog log(served.database());
  const auto events = run_task(log.read(user, stream, first, 10'000));
  ASSERT_EQ(events.size(), static_cast<std::size_t>(appended) + 2);
  for (std::size_t i = 0; i < events.size(); ++i) EXPECT_EQ(events[i].seq, first + 1 + static_cast<std::int64_t>(i));
  expect_lives_in("b");
}

}  // namespace
}  // namespace codelab::infra::postgres
