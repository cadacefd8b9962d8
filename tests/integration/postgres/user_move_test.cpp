#include <atomic>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <libpq-fe.h>

#include "infra/postgres/approval_store.hpp"
#include "infra/postgres/memory_debts.hpp"
#include "infra/postgres/orchestrator_store.hpp"
#include "infra/postgres/plan_store.hpp"
#include "infra/postgres/work_log.hpp"
#include "tests/integration/postgres/remembering.hpp"
#include "tests/integration/postgres/sharded.hpp"

/// Moving a user from one database to another: every byte arrives, nobody works in two places, and what is cut off is
/// mended.
namespace codelab::infra::postgres {
namespace {

using base::ErrorCode;
using core::chat::Task;
using core::events::EventType;
using core::identity::UserScope;
using testing::HasSubstr;
using testing::SizeIs;
using tests::run_task;
using Step = UserMover::Step;
using Kind = UserMover::Outcome::Kind;

/// What is spelled in a way that a copy could change.
constexpr const char* kOddRows =
    "INSERT INTO messages SELECT user_id, id, gen_random_uuid(), 1000 + n, 'user', NULL, '', NULL, E'\\\\N', 0, NULL, "
    "(ARRAY['NaN', 'Infinity', '0.1', '1e-300', '-0']::float8[])[n], 7, "
    "(ARRAY['a,b\"(c)\\', E'line\\r\\nline\\t', '', repeat(U&'\\+01F600', 5000), E' \\u00e9\\u0301 '])[n] "
    "FROM chat_sessions, generate_series(1, 5) AS n; "
    "INSERT INTO events SELECT user_id, id, 1000 + n, 'ERROR', NULL, 'x', '{\"z\": 1.10e0, \"a\":  \"\\u0000\"}', 1 "
    "FROM chat_sessions, generate_series(1, 350) AS n; "
    "UPDATE user_agents SET config = '{\"z\": 1.10e0,\"a\" :\"\\u0000\", \"a\": {}}'::json; "
    "UPDATE memories SET metadata = '{ \"n\":1.0,\"n\":2}'::json;";

class PostgresUserMove : public testing::Test {
 protected:
  PostgresUserMove() {
    session = served.new_session(user);
    auto call = served.new_call(session);
    call.idempotency = core::chat::IdempotencyKey{.key = "key", .request_hash = "hash"};
    PostgresTaskStore tasks(served.database());
    task = run_task(tasks.begin(user, call)).value().task;
    const auto now = served.clock.now();
    run_task(users.open_session(user, {.token_hash = "t", .session = login, .expires_at = now + std::chrono::hours(1)},
                                now));
    Remembering memory(served);
    const auto agent = served.new_agent(user);
    memory.remember(user, agent, "kept");
    EXPECT_TRUE(run_task(memory.store().erase(user, agent, memory.remember(user, agent, "erased"))));
    PostgresOrchestratorStore orchestrators(served.database());
    run_task(orchestrators.open(user, {.id = base::AgentId::generate(), .created_at = now, .updated_at = now}));
    PostgresWorkLog work_log(served.database());
    run_task(work_log.record(user, call.task, {.parts = {{.turn = 1, .call = 2, .content = R"({"a":"\n"})"}}}));
    PostgresApprovalStore approvals(served.database());
    run_task(approvals.request(user, call.task,
                               {.id = core::approvals::ApprovalId::generate(),
                                .session_id = session.id,
                                .task_id = task.id,
                                .payload = {{"a", "\n"}}},
                               {}));
    PostgresPlanStore plans(served.database());
    const core::orchestration::PlanNode node{.id = "one", .agent = "coder", .instruction = "do", .depends_on = {"\"]"}};
    run_task(plans.create(user,
                          {.id = core::orchestration::PlanId::generate(),
                           .session_id = session.id,
                           .task_id = task.id,
                           .goal = "g",
                           .nodes = {node}},
                          {}));
    shards.query("main", kOddRows);
  }

  std::int64_t last_seq(Served& process) {
    PostgresEventLog log(process.database());
    return run_task(log.last_seq(user, core::events::stream_of(session.id)));
  }
  base::Task<bool> append(Served& process) {
    PostgresTaskStore tasks(process.database());
    std::vector<core::events::NewEvent> events(1, {.type = EventType::task_progress, .task = task.id});
    co_return co_await tasks.append(user, task, std::move(events));
  }
  /// Nobody can reach the user, in neither of the shards.
  void expect_closed() {
    EXPECT_EQ(failure_of(users.find(user)), "store");
    EXPECT_EQ(failure_of(append(served)), "store");
  }
  void expect_lives_in(const std::string& shard) {
    const std::string other = shard == "main" ? "b" : "main";
    EXPECT_EQ(shards.entry(user.user()), shard + "||");
    EXPECT_FALSE(shards.fenced(shard, user.user()));
    EXPECT_FALSE(shards.has_rows(other, user.user()));
    EXPECT_TRUE(shards.has_rows(shard, user.user()));
    EXPECT_TRUE(run_task(users.session_alive(user, login)));
    const auto before = shards.rows(shard, user.user()).at("events").size();
    EXPECT_TRUE(run_task(append(served)));
    EXPECT_EQ(shards.rows(shard, user.user()).at("events").size(), before + 1);
    const auto found = run_task(users.find_by_email(user.user().str() + "@example.org"));
    EXPECT_TRUE(found && found->user.id == user.user());
    EXPECT_THAT(run_task(users.list()), SizeIs(2));
  }

  static DatabaseSettings impatient(DatabaseSettings settings) {
    settings.pool.max_wait = std::chrono::milliseconds(300);
    return settings;
  }

  Sharded shards;
  Served served{impatient(shards.settings())};
  PostgresUserStore users{served.database()};
  const UserScope user = new_user_in(served, "main");
  const UserScope neighbour = new_user_in(served, "main");
  const base::AuthSessionId login = base::AuthSessionId::generate();
  core::chat::Session session;
  Task task;
};

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

TEST_F(PostgresUserMove, EveryPointWhereItIsCutOffIsMendedByTheSameCommand) {
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

TEST_F(PostgresUserMove, CanBeGivenUpUntilTheDirectoryHasTurned) {
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

TEST_F(PostgresUserMove, WhatACutOffAttemptHasLeftIsReplaced) {
  ASSERT_TRUE(shards.move(user.user(), "b", Step::copied));
  shards.query("b", "UPDATE messages SET content = 'old'; DELETE FROM events WHERE seq % 2 = 0");
  const auto before = shards.rows("main", user.user());
  ASSERT_TRUE(shards.move(user.user(), "b"));
  EXPECT_EQ(shards.rows("b", user.user()), before);
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
  EXPECT_EQ(shards.entry(gone.user()), "b||");
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
  ASSERT_THAT(taken, SizeIs(1));
  EXPECT_EQ(taken[0].scope, user);
}

TEST_F(PostgresUserMove, AnErasureTakesWhatACutOffMoveHasLeft) {
  ASSERT_TRUE(shards.move(user.user(), "b", Step::opened));
  EXPECT_TRUE(shards.has_rows("main", user.user()));
  EXPECT_TRUE(run_task(users.erase(user, served.clock.now())));
  EXPECT_FALSE(shards.has_rows("main", user.user()));
  EXPECT_FALSE(shards.has_rows("b", user.user()));
  EXPECT_EQ(shards.entry(user.user()), "none");
  EXPECT_FALSE(run_task(users.find(user)));
}

TEST_F(PostgresUserMove, AnErasureOnTheWayErasesNothing) {
  ASSERT_TRUE(shards.move(user.user(), "b", Step::copied));
  EXPECT_EQ(failure_of(users.erase(user, served.clock.now())), "store");
  ASSERT_TRUE(shards.move(user.user(), "b"));
  expect_lives_in("b");
}

/// Two processes write, and read what they wrote, while the user goes to and fro.
TEST_F(PostgresUserMove, WritersOfTwoProcessesGoOnWhileTheirUserIsMoved) {
  Served other(shards.settings());
  Served third(shards.settings());
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
