#include <array>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <libpq-fe.h>

#include "base/task_group.hpp"
#include "tests/integration/postgres/served.hpp"
#include "tests/servers/line_cutter.hpp"

/// What callers get when the server is away, slow or cut off, and that nothing is lost or doubled by it.
namespace codelab::infra::postgres {
namespace {

using core::chat::Session;
using core::identity::UserScope;
using tests::LineCutter;
using tests::run_task;
using namespace std::chrono_literals;

constexpr Sql kSleep = "SELECT pg_sleep(60)";

DatabaseSettings settings_for(const tests::PostgresDatabase& data) {
  return {.address = data.serving(), .migration_address = data.owner(), .connections = 4};
}

base::Task<std::optional<core::identity::User>> find_user(Served& served, UserScope user) {
  PostgresUserStore users(served.database());
  co_return co_await users.find(user);
}

base::Task<bool> append(Served& served, UserScope user, core::chat::Task task) {
  PostgresTaskStore tasks(served.database());
  std::vector<core::events::NewEvent> events(1, {.type = core::events::EventType::task_progress, .task = task.id});
  co_return co_await tasks.append(user, std::move(task), std::move(events));
}

std::vector<std::int64_t> seqs_of(const std::vector<core::events::Event>& events, core::events::StreamId stream) {
  std::vector<std::int64_t> seqs;
  for (const auto& event : events) {
    if (event.stream == stream) seqs.push_back(event.seq);
  }
  return seqs;
}

std::vector<core::events::Event> logged(Served& served, const UserScope& user, core::events::StreamId stream) {
  PostgresEventLog log(served.database());
  return run_task(log.read(user, stream, 0, 1'000));
}

TEST(PostgresFaults, AStatementThatRunsTooLongIsEnded) {
  const tests::PostgresDatabase data;
  auto settings = settings_for(data);
  settings.timeouts.statement = 500ms;
  Served served(settings);
  Batch sleep;
  sleep.add(kSleep);
  const auto nobody = core::identity::ScopeIssuer::open(base::UserId::generate());
  EXPECT_EQ(failure_of(served.database().read("sleep", nobody, std::move(sleep))), "57014");
  EXPECT_EQ(failure_of(find_user(served, nobody)), "none");
}

TEST(PostgresFaults, AWaitForAnotherTransactionIsEnded) {
  const tests::PostgresDatabase data;
  auto settings = settings_for(data);
  settings.timeouts.lock = 50ms;
  Served served(settings);
  const auto user = served.new_user();
  const auto task = served.begun(user, served.new_session(user));
  const std::unique_ptr<PGconn, decltype(&PQfinish)> other(PQconnectdb(data.superuser().c_str()), &PQfinish);
  PQclear(PQexec(other.get(), "BEGIN; SELECT * FROM event_streams FOR UPDATE"));
  EXPECT_EQ(failure_of(append(served, user, task)), "55P03");
  PQclear(PQexec(other.get(), "ROLLBACK"));
  EXPECT_EQ(failure_of(append(served, user, task)), "none");
}

TEST(PostgresFaults, AFailedWriteLeavesNoGap) {
  const tests::PostgresDatabase data;
  Served served(settings_for(data));
  const auto user = served.new_user();
  const auto session = served.new_session(user);
  const auto call = served.new_call(session);
  PostgresTaskStore tasks(served.database());
  run_task(tasks.begin(user, call)).value();
  served.relay.take();
  // The same message again: its key is taken.
  EXPECT_EQ(failure_of(tasks.begin(user, call)), "23505");
  EXPECT_TRUE(served.relay.take().empty());
  run_task(append(served, user, call.task));
  const auto stream = core::events::stream_of(session.id);
  EXPECT_THAT(seqs_of(logged(served, user, stream), stream), testing::ElementsAre(1, 2));
}

TEST(PostgresFaults, AServerThatWasAwayServesAgainByItself) {
  tests::PostgresServer server;
  server.create_database("own");
  DatabaseSettings settings{.address = server.address("app", "own"), .migration_address = {}, .connections = 4};
  settings.pool.max_wait = 300ms;
  settings.pool.first_backoff = 10ms;
  settings.pool.max_backoff = 50ms;
  Served served(settings);
  const auto user = served.new_user();
  const auto session = served.new_session(user);
  const auto task = served.begun(user, session);
  server.stop();
  EXPECT_EQ(failure_of(find_user(served, user)), "store");
  EXPECT_EQ(failure_of(append(served, user, task)), "store");
  server.start();
  // Each try waits for a connection for a while.
  while (failure_of(append(served, user, task)) != "none") {
  }
  EXPECT_EQ(logged(served, user, core::events::stream_of(session.id)).size(), 2);
  EXPECT_EQ(failure_of(find_user(served, user)), "none");
}

base::Task<> sleep_long(Database& database) {
  Batch sleep;
  sleep.add(kSleep);
  const auto nobody = core::identity::ScopeIssuer::open(base::UserId::generate());
  co_await database.read("sleep", nobody, std::move(sleep));
}

/// Whatever the order of an end, it must come.
class PostgresEnd : public testing::Test {
 protected:
  /// Starts a query that takes longer than any test, and returns once the server works on it.
  void begin_to_sleep() {
    callers.spawn(cores.executor(0), sleep_long(*database));
    const auto sleeps = fmt::format(
        "SELECT count(*) > 0 FROM pg_stat_activity WHERE datname = '{}' AND wait_event = 'PgSleep'", data.name());
    while (tests::query_postgres(data.superuser(), sleeps).at(0) != "t") {
    }
  }

  tests::PostgresDatabase data;
  tests::SteppingClock clock;
  tests::RecordingRelay relay;
  StoreObserver observer;
  base::TaskGroup callers{"callers"};
  base::Cores cores{2};
  std::unique_ptr<Database> database;
};

TEST_F(PostgresEnd, ComesAtOnceOnCoresThatWereStopped) {
  cores.start();
  database = std::make_unique<Database>(settings_for(data), cores, clock, relay, observer);
  begin_to_sleep();
  cores.stop();
  const auto start = std::chrono::steady_clock::now();
  database.reset();
  EXPECT_LT(std::chrono::steady_clock::now() - start, 3s);
}

TEST_F(PostgresEnd, CutsWhatRunsTooLong) {
  cores.start();
  database = std::make_unique<Database>(settings_for(data), cores, clock, relay, observer);
  begin_to_sleep();
  database.reset();
  EXPECT_TRUE(callers.drain(10s));
}

/// A Served whose line goes through a cutter; every statement is sent as text, so that the cutter sees the COMMIT.
class PostgresCutLine : public testing::Test {
 protected:
  DatabaseSettings cuttable() {
    auto settings = settings_for(data);
    settings.connection.prepared_statements = false;
    settings.address += " host=" + cutter.folder();
    return settings;
  }
  std::vector<std::int64_t> seqs() {
    const auto stream = core::events::stream_of(session.id);
    return seqs_of(logged(served, user, stream), stream);
  }

  tests::PostgresDatabase data;
  LineCutter cutter{tests::PostgresServer::shared().folder()};
  Served served{cuttable()};
  const UserScope user = served.new_user();
  const Session session = served.new_session(user);
  const core::chat::Task task = served.begun(user, session);
};

TEST_F(PostgresCutLine, ACommitThatNeverCameIsAnErrorAndLeavesNothing) {
  cutter.cut(LineCutter::Cut::before_commit);
  served.relay.take();
  EXPECT_EQ(failure_of(append(served, user, task)), "store");
  EXPECT_THAT(seqs(), testing::ElementsAre(1));
  EXPECT_TRUE(run_task(append(served, user, task)));
  EXPECT_THAT(seqs(), testing::ElementsAre(1, 2));
  EXPECT_THAT(seqs_of(served.relay.take(), core::events::stream_of(session.id)), testing::ElementsAre(2));
}

TEST_F(PostgresCutLine, ACommitWhoseAnswerIsLostIsAnErrorAndStandsOnce) {
  cutter.cut(LineCutter::Cut::after_commit);
  served.relay.take();
  EXPECT_EQ(failure_of(append(served, user, task)), "store");
  EXPECT_THAT(seqs(), testing::ElementsAre(1, 2));
  EXPECT_TRUE(run_task(append(served, user, task)));
  EXPECT_THAT(seqs(), testing::ElementsAre(1, 2, 3));
  EXPECT_THAT(seqs_of(served.relay.take(), core::events::stream_of(session.id)), testing::ElementsAre(3));
}

TEST_F(PostgresCutLine, ACommitWhoseAnswerNeverComesHoldsItsStreamNoLongerThanItsStatementsMayTake) {
  auto settings = cuttable();
  settings.timeouts.statement = 1s;
  settings.timeouts.grace = 500ms;
  Served impatient(settings);
  const auto own = impatient.begun(user, session);
  impatient.relay.take();
  cutter.cut(LineCutter::Cut::silent_after_commit);
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(failure_of(append(impatient, user, own)), "store");
  EXPECT_GE(std::chrono::steady_clock::now() - start, 1s);
  EXPECT_LT(std::chrono::steady_clock::now() - start, 20s);
  EXPECT_TRUE(run_task(append(impatient, user, own)));
  EXPECT_THAT(seqs(), testing::ElementsAre(1, 2, 3, 4));
  EXPECT_THAT(seqs_of(impatient.relay.take(), core::events::stream_of(session.id)), testing::ElementsAre(4));
}

TEST(PostgresWriters, OfTwoProcessesLeaveNoGapAndAreToldInOrder) {
  constexpr int kEach = 50;
  const tests::PostgresDatabase data;
  Served one(settings_for(data));
  Served two(settings_for(data));
  const auto user = one.new_user();
  const auto session = one.new_session(user);
  // Each runs a task of its own.
  const std::array tasks{one.begun(user, session), two.begun(user, session)};
  const auto stream = core::events::stream_of(session.id);
  one.relay.take();
  two.relay.take();
  std::vector<std::jthread> writers;
  for (auto* process : {&one, &two, &one, &two}) {
    writers.emplace_back([process, &user, &task = tasks[process == &two]] {
      for (int i = 0; i < kEach; ++i) run_task(append(*process, user, task));
    });
  }
  writers.clear();
  const auto log = logged(one, user, stream);
  const auto seqs = seqs_of(log, stream);
  ASSERT_EQ(seqs.size(), 2 + 4 * kEach);
  for (std::size_t i = 0; i < seqs.size(); ++i) EXPECT_EQ(seqs[i], static_cast<std::int64_t>(i) + 1);
  for (std::size_t i = 1; i < log.size(); ++i) EXPECT_LE(log[i - 1].at, log[i].at);
  for (auto* process : {&one, &two}) {
    const auto told = seqs_of(process->relay.take(), stream);
    EXPECT_EQ(told.size(), 2 * kEach);
    EXPECT_TRUE(std::ranges::is_sorted(told));
  }
}

}  // namespace
}  // namespace codelab::infra::postgres
