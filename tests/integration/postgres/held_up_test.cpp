#include <atomic>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <libpq-fe.h>

#include "infra/postgres/memory_debts.hpp"
#include "tests/integration/postgres/served.hpp"

/// What waits for others in the server keeps nobody waiting who does not have to.
namespace codelab::infra::postgres {
namespace {

using core::identity::UserScope;
using tests::run_task;
using namespace std::chrono_literals;

class PostgresHeldUp : public testing::Test {
 protected:
  /// One lane, of two connections for transactions and two for reads; what waits for a lock waits longer than any test.
  static DatabaseSettings patient(const tests::PostgresDatabase& data) {
    DatabaseSettings settings{.address = data.serving(), .migration_address = data.owner(), .connections = 4};
    settings.timeouts.statement = settings.timeouts.lock = tests::kWatchdog;
    return settings;
  }

  void in_another_session(const char* sql) { PQclear(PQexec(other.get(), sql)); }
  /// Returns once so many statements have waited for a lock for longer than it takes to suspect their connection.
  void await_waiting(int count) {
    const auto enough = fmt::format(
        "SELECT count(*) >= {} FROM pg_stat_activity WHERE datname = '{}' AND wait_event_type = 'Lock' "
        "AND now() - query_start > interval '150 ms'",
        count, data.name());
    while (tests::query_postgres(data.superuser(), enough).at(0) != "t") {
    }
  }
  void expect_reads_are_answered() {
    const auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < 20; ++i) EXPECT_EQ(failure_of(last_seq()), "none");
    std::vector<base::Task<>> together;
    for (int i = 0; i < 40; ++i) together.push_back(read_once());
    tests::run_tasks(std::move(together));
    EXPECT_LT(std::chrono::steady_clock::now() - start, 20s);
  }

  tests::PostgresDatabase data;
  Served served{patient(data)};
  const UserScope user = served.new_user();
  const std::unique_ptr<PGconn, decltype(&PQfinish)> other{PQconnectdb(data.superuser().c_str()), &PQfinish};

 private:
  base::Task<std::int64_t> last_seq() {
    PostgresEventLog log(served.database());
    co_return co_await log.last_seq(user, core::events::own_stream(user.user()));
  }
  base::Task<> read_once() { co_await last_seq(); }
};

TEST_F(PostgresHeldUp, AReadThatWaitsForALockKeepsNoOtherReadOfItsLaneWaiting) {
  in_another_session("BEGIN; LOCK TABLE users IN ACCESS EXCLUSIVE MODE");
  std::atomic<bool> ended{false};
  std::string outcome;
  std::jthread reader([&] {
    PostgresUserStore users(served.database());
    outcome = failure_of(users.find(user));
    ended = true;
  });
  await_waiting(1);
  expect_reads_are_answered();
  EXPECT_FALSE(ended);
  in_another_session("ROLLBACK");
  reader.join();
  EXPECT_EQ(outcome, "none");
}

TEST_F(PostgresHeldUp, WritesOfOperatorsThatWaitForRowsKeepNoReadWaiting) {
  const auto task = served.begun(user, served.new_session(user));
  in_another_session("BEGIN; SELECT * FROM tasks FOR UPDATE");
  std::vector<std::jthread> settlers;
  for (int i = 0; i < 2; ++i) {
    settlers.emplace_back([&] {
      PostgresMemoryDebts debts(served.database());
      run_task(debts.settle({{.scope = user, .task = task.id}}));
    });
  }
  await_waiting(2);
  expect_reads_are_answered();
  in_another_session("ROLLBACK");
}

}  // namespace
}  // namespace codelab::infra::postgres
