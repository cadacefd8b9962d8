#include "infra/postgres/connection.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/this_coro.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/task_group.hpp"
#include "infra/postgres/query_error.hpp"
#include "tests/contract/run_task.hpp"
#include "tests/servers/postgres_server.hpp"

namespace codelab::infra::postgres {
namespace {

using ConnectionPointer = std::shared_ptr<Connection>;
using testing::HasSubstr;

constexpr Sql kEcho = "SELECT $1::text, $2::bigint, $3::double precision, $4::uuid, $5::text";
constexpr Sql kNumber = "SELECT $1::bigint";
constexpr Sql kDivide = "SELECT 1 / $1::bigint";
constexpr Sql kWrong = "SELECT no_such_column";
constexpr Sql kEndMe = "SELECT pg_terminate_backend(pg_backend_pid())";
constexpr Sql kSleep = "SELECT pg_sleep(60)";
constexpr Sql kNap = "SELECT pg_sleep(0.1)";
constexpr Sql kForget = "DEALLOCATE ALL";
/// The name that the connection would give next.
constexpr Sql kTakeName = "PREPARE codelab_2 AS SELECT 1";
constexpr Sql kPrepared = "SELECT count(*) FROM pg_prepared_statements WHERE name LIKE 'codelab%'";

class PostgresConnection : public testing::Test {
 protected:
  Address address{tests::PostgresServer::shared().address("app", "postgres")};
  ConnectionSettings settings;

  /// Opens a connection, runs `work` with it, closes it.
  void with_connection(base::Task<> (*work)(ConnectionPointer)) { tests::run_task(opened(address, settings, work)); }
  static base::Task<> opened(Address address, ConnectionSettings settings, base::Task<> (*work)(ConnectionPointer)) {
    auto connection = co_await Connection::open(std::move(address), settings);
    std::exception_ptr failure;
    try {
      co_await work(connection);
    } catch (...) {
      failure = std::current_exception();
    }
    connection->close();
    if (failure) std::rethrow_exception(failure);
  }
};

/// The SQLSTATE that `batch` fails with; "lost" when the connection broke, "none" when it did not fail.
base::Task<std::string> failure_of(ConnectionPointer connection, Batch batch) {
  try {
    co_await connection->run(std::move(batch));
  } catch (const QueryError& error) {
    co_return error.sqlstate();
  } catch (const base::StoreError&) {
    co_return "lost";
  }
  co_return "none";
}

base::Task<std::int64_t> number_of(ConnectionPointer connection, Batch batch) {
  auto answer = co_await connection->run(std::move(batch));
  co_return value_of<std::int64_t>(std::move(answer.back()), -1);
}

base::Task<> expect_values_come_back(ConnectionPointer connection) {
  const auto id = base::UserId::generate();
  Batch batch;
  batch.add(kEcho, std::string("a\0b", 3), std::int64_t{-5}, 0.1, id, std::optional<std::string>());
  auto answer = co_await connection->run(std::move(batch));
  std::string text;
  std::int64_t number = 0;
  double fraction = 0;
  base::UserId same;
  std::optional<std::string> nothing = "something";
  EXPECT_TRUE(answer.at(0).next());
  answer.at(0).read(text, number, fraction, same, nothing);
  EXPECT_EQ(text,
            "a\xEF\xBF\xBD"
            "b");
  EXPECT_EQ(number, -5);
  EXPECT_EQ(fraction, 0.1);
  EXPECT_EQ(same, id);
  EXPECT_FALSE(nothing);
}

TEST_F(PostgresConnection, KeepsEveryTypeOfValueAndHasNoNul) { with_connection(expect_values_come_back); }

base::Task<> number_later(ConnectionPointer connection, std::int64_t number, std::vector<std::int64_t>* came) {
  Batch batch;
  batch.add(kNumber, number);
  came->push_back(co_await number_of(connection, std::move(batch)));
}

/// All of them before any is answered: none is sent after the loop has begun to wait.
base::Task<> expect_answers_in_order(ConnectionPointer connection) {
  base::TaskGroup group("many");
  std::vector<std::int64_t> came;
  const auto executor = co_await boost::asio::this_coro::executor;
  for (std::int64_t i = 0; i < 100; ++i) group.spawn(executor, number_later(connection, i, &came));
  Batch last;
  last.add(kNumber, std::int64_t{100});
  const auto number = co_await number_of(connection, std::move(last));
  EXPECT_EQ(number, 100);
  EXPECT_EQ(came.size(), 100);
  EXPECT_TRUE(std::ranges::is_sorted(came));
}

TEST_F(PostgresConnection, CarriesManyBatchesAtOnceAndAnswersInOrder) { with_connection(expect_answers_in_order); }

TEST_F(PostgresConnection, CarriesThemWithoutPreparedStatementsToo) {
  settings.prepared_statements = false;
  with_connection(expect_answers_in_order);
}

base::Task<> expect_failure_stays_alone(ConnectionPointer connection) {
  Batch zero;
  zero.add(kNumber, std::int64_t{1}).add(kDivide, std::int64_t{0}).add(kNumber, std::int64_t{2});
  const auto divided = co_await failure_of(connection, std::move(zero));
  EXPECT_EQ(divided, "22012");
  Batch wrong;
  wrong.add(kWrong);
  const auto refused = co_await failure_of(connection, wrong);
  const auto again = co_await failure_of(connection, wrong);
  EXPECT_EQ(refused, "42703");
  EXPECT_EQ(again, "42703");
  Batch fine;
  fine.add(kDivide, std::int64_t{1}).add(kNumber, std::int64_t{3});
  const auto number = co_await number_of(connection, std::move(fine));
  EXPECT_EQ(number, 3);
}

TEST_F(PostgresConnection, AFailedStatementFailsItsOwnBatchOnly) { with_connection(expect_failure_stays_alone); }

base::Task<> expect_one_preparation(ConnectionPointer connection) {
  for (std::int64_t i = 0; i < 3; ++i) {
    Batch batch;
    batch.add(kNumber, i).add(kNumber, i);
    co_await connection->run(std::move(batch));
  }
  Batch count;
  count.add(kPrepared);
  const auto prepared = co_await number_of(connection, std::move(count));
  EXPECT_EQ(prepared, 2);
}

TEST_F(PostgresConnection, PreparesAStatementOnce) { with_connection(expect_one_preparation); }

base::Task<> expect_nothing_prepared(ConnectionPointer connection) {
  for (int i = 0; i < 2; ++i) {
    Batch count;
    count.add(kPrepared);
    const auto prepared = co_await number_of(connection, std::move(count));
    EXPECT_EQ(prepared, 0);
  }
}

TEST_F(PostgresConnection, PreparesNothingWhenAPoolerCannotBearIt) {
  settings.prepared_statements = false;
  with_connection(expect_nothing_prepared);
}

/// As a pooler does that gives the connection another session of the server.
base::Task<> expect_end_without_prepared(ConnectionPointer connection) {
  Batch prepare;
  prepare.add(kNumber, std::int64_t{1});
  co_await connection->run(prepare);
  Batch forget;
  forget.add(kForget);
  co_await connection->run(std::move(forget));
  bool told = false;
  connection->on_broken([&told] { told = true; });
  const auto failure = co_await failure_of(connection, std::move(prepare));
  EXPECT_EQ(failure, "26000");
  EXPECT_FALSE(connection->usable());
  EXPECT_TRUE(told);
}

TEST_F(PostgresConnection, ThatTheServerHasForgottenAStatementEndsIt) { with_connection(expect_end_without_prepared); }

base::Task<> expect_end_with_anothers(ConnectionPointer connection) {
  Batch taken;
  taken.add(kTakeName);
  co_await connection->run(std::move(taken));
  Batch second;
  second.add(kNumber, std::int64_t{1});
  const auto failure = co_await failure_of(connection, std::move(second));
  EXPECT_EQ(failure, "42P05");
  EXPECT_FALSE(connection->usable());
}

TEST_F(PostgresConnection, ThatTheServerHasAnotherStatementOfThatNameEndsIt) {
  with_connection(expect_end_with_anothers);
}

base::Task<> expect_end(ConnectionPointer connection) {
  bool told = false;
  connection->on_broken([&told] { told = true; });
  Batch end;
  end.add(kEndMe).add(kNumber, std::int64_t{1});
  const auto failure = co_await failure_of(connection, std::move(end));
  EXPECT_NE(failure, "none");
  Batch after;
  after.add(kNumber, std::int64_t{1});
  const auto late = co_await failure_of(connection, std::move(after));
  EXPECT_EQ(late, "lost");
  EXPECT_FALSE(connection->usable());
  EXPECT_TRUE(told);
}

TEST_F(PostgresConnection, ACutLineFailsWhatIsInFlightAndTellsTheListener) { with_connection(expect_end); }

base::Task<> expect_silence_is_noticed(ConnectionPointer connection) {
  Batch sleep;
  sleep.add(kSleep);
  const auto failure = co_await failure_of(connection, std::move(sleep));
  EXPECT_EQ(failure, "lost");
}

TEST_F(PostgresConnection, AServerThatSaysNothingIsTakenForGone) {
  settings.answer_timeout = std::chrono::milliseconds(100);
  with_connection(expect_silence_is_noticed);
}

base::Task<> expect_deadline_is_kept(ConnectionPointer connection) {
  const auto now = std::chrono::steady_clock::now();
  // One with more time stands before and sets the timer.
  Batch patient;
  patient.add(kNumber, std::int64_t{1});
  co_await connection->run(std::move(patient), now + std::chrono::seconds(50));
  Batch sleep;
  sleep.add(kSleep);
  std::string failure = "none";
  try {
    co_await connection->run(std::move(sleep), now + std::chrono::milliseconds(200));
  } catch (const base::StoreError& error) {
    failure = error.what();
  }
  EXPECT_THAT(failure, HasSubstr("no answer in time"));
  EXPECT_FALSE(connection->usable());
}

TEST_F(PostgresConnection, ABatchIsGivenNoMoreTimeThanItsDeadline) { with_connection(expect_deadline_is_kept); }

base::Task<> fail_later(ConnectionPointer connection, Batch batch, Connection::SteadyTime deadline, int* failed) {
  try {
    co_await connection->run(std::move(batch), deadline);
  } catch (const base::StoreError&) {
    ++*failed;
  }
}

/// However many batches stand before one, each of which is quick enough.
base::Task<> expect_deadline_in_the_queue(ConnectionPointer connection) {
  base::TaskGroup group("queue");
  int failed = 0;
  const auto executor = co_await boost::asio::this_coro::executor;
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(500);
  Batch nap;
  nap.add(kNap);
  for (int i = 0; i < 20; ++i) group.spawn(executor, fail_later(connection, nap, deadline, &failed));
  co_await fail_later(connection, std::move(nap), deadline, &failed);
  EXPECT_GE(failed, 10);
  EXPECT_FALSE(connection->usable());
}

TEST_F(PostgresConnection, ABatchBehindOthersHasNoMoreTime) { with_connection(expect_deadline_in_the_queue); }

TEST_F(PostgresConnection, SaysWhereItCouldNotConnect) {
  address = Address("host=/nowhere dbname=there");
  try {
    with_connection(expect_end);
    FAIL() << "connected to nowhere";
  } catch (const base::StoreError& error) {
    EXPECT_THAT(error.what(), HasSubstr("no connection to /nowhere"));
  }
}

TEST_F(PostgresConnection, AServerThatNeverAnswersIsGivenUpInTime) {
  boost::asio::io_context context;
  const boost::asio::ip::tcp::acceptor silent(context, {boost::asio::ip::address_v4::loopback(), 0});
  address = Address(fmt::format("host=localhost port={} dbname=x sslmode=disable", silent.local_endpoint().port()));
  settings.connect_timeout = std::chrono::milliseconds(50);
  try {
    with_connection(expect_end);
    FAIL() << "connected to a server that says nothing";
  } catch (const base::StoreError& error) {
    EXPECT_THAT(error.what(), HasSubstr("no answer within 50 ms"));
  }
}

}  // namespace
}  // namespace codelab::infra::postgres
