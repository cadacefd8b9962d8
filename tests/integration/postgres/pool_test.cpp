#include "infra/postgres/pool.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/store_error.hpp"
#include "tests/contract/run_task.hpp"
#include "tests/servers/postgres_server.hpp"

namespace codelab::infra::postgres {
namespace {

using PoolPointer = std::shared_ptr<Pool>;
using testing::HasSubstr;

constexpr Sql kMyProcess = "SELECT pg_backend_pid()::bigint";
constexpr Sql kEndMe = "SELECT pg_terminate_backend(pg_backend_pid())";

class PostgresPool : public testing::Test {
 protected:
  void with_pool(base::Task<> (*work)(PoolPointer)) {
    tests::run_task(made(Address(tests::PostgresServer::shared().address("app", "postgres")), limits, &openers, work));
  }
  static base::Task<> made(Address address, PoolLimits limits, base::TaskGroup* openers,
                           base::Task<> (*work)(PoolPointer)) {
    const auto executor = co_await boost::asio::this_coro::executor;
    const auto pool = std::make_shared<Pool>(executor, address, ConnectionSettings{}, limits, *openers);
    std::exception_ptr failure;
    try {
      co_await work(pool);
    } catch (...) {
      failure = std::current_exception();
    }
    pool->close();
    if (failure) std::rethrow_exception(failure);
  }

  PoolLimits limits{.connections = 1, .max_wait = std::chrono::milliseconds(100)};
  base::TaskGroup openers{"openers"};
};

base::Task<std::string> refusal(PoolPointer pool) {
  try {
    static_cast<void>(co_await pool->acquire());
  } catch (const base::StoreError& error) {
    co_return error.what();
  }
  co_return "none";
}

/// The first, whose making counts as waiting.
base::Task<Lease> first_lease(PoolPointer pool) {
  for (;;) {
    try {
      co_return co_await pool->acquire();
    } catch (const base::StoreError&) {
      // It goes on being made meanwhile.
    }
  }
}

base::Task<std::int64_t> process_behind(const Lease* lease) {
  Batch batch;
  batch.add(kMyProcess);
  auto answer = co_await lease->connection().run(std::move(batch));
  co_return value_of<std::int64_t>(std::move(answer.at(0)));
}

base::Task<> expect_refusal_when_exhausted(PoolPointer pool) {
  auto held = co_await first_lease(pool);
  const auto start = std::chrono::steady_clock::now();
  const auto reason = co_await refusal(pool);
  EXPECT_THAT(reason, HasSubstr("none of 1 connections came free within 100 ms"));
  EXPECT_GE(std::chrono::steady_clock::now() - start, std::chrono::milliseconds(100));
  held = {};
  const auto after = co_await refusal(pool);
  EXPECT_EQ(after, "none");
}

TEST_F(PostgresPool, RefusesWhenNoConnectionComesFreeInTime) { with_pool(expect_refusal_when_exhausted); }

base::Task<> note_refusal(PoolPointer pool, std::string* reason) { *reason = co_await refusal(pool); }

base::Task<> expect_refusal_at_once(PoolPointer pool) {
  auto held = co_await pool->acquire();
  base::TaskGroup waiting("waiting");
  std::string first = "waits";
  std::string second = "waits";
  const auto executor = co_await boost::asio::this_coro::executor;
  waiting.spawn(executor, note_refusal(pool, &first));
  waiting.spawn(executor, note_refusal(pool, &second));
  EXPECT_EQ(first, "waits");
  EXPECT_THAT(second, HasSubstr("1 wait"));
  held = {};
  const auto last = co_await pool->acquire();
  EXPECT_EQ(first, "none");
}

TEST_F(PostgresPool, RefusesAtOnceWhenTooManyWait) {
  limits.max_wait = std::chrono::seconds(50);
  limits.max_waiting = 1;
  with_pool(expect_refusal_at_once);
}

base::Task<> wait_and_tell(PoolPointer pool, int number, std::vector<int>* served) {
  const auto lease = co_await pool->acquire();
  served->push_back(number);
}

base::Task<> expect_order(PoolPointer pool) {
  auto held = co_await pool->acquire();
  base::TaskGroup waiting("waiting");
  std::vector<int> served;
  const auto executor = co_await boost::asio::this_coro::executor;
  for (int i = 0; i < 5; ++i) waiting.spawn(executor, wait_and_tell(pool, i, &served));
  held = {};
  const auto last = co_await pool->acquire();
  EXPECT_THAT(served, testing::ElementsAre(0, 1, 2, 3, 4));
}

TEST_F(PostgresPool, ServesThoseWhoWaitInTheirOrder) {
  limits.max_wait = std::chrono::seconds(50);
  with_pool(expect_order);
}

base::Task<> expect_sharing(PoolPointer pool) {
  const auto one = co_await first_lease(pool);
  const auto two = co_await pool->acquire();
  const auto first = co_await process_behind(&one);
  const auto second = co_await process_behind(&two);
  EXPECT_EQ(first, second);
  const auto third = co_await refusal(pool);
  EXPECT_NE(third, "none");
}

TEST_F(PostgresPool, SharesAConnectionUpToItsLimit) {
  limits.leases_each = 2;
  with_pool(expect_sharing);
}

base::Task<> expect_replacement(PoolPointer pool) {
  std::int64_t first = 0;
  {
    const auto lease = co_await pool->acquire();
    first = co_await process_behind(&lease);
    Batch end;
    end.add(kEndMe);
    try {
      co_await lease.connection().run(std::move(end));
      ADD_FAILURE() << "the line was not cut";
    } catch (const base::StoreError&) {
      EXPECT_TRUE(true);
    }
  }
  // Whether the cut was seen yet or not: in the end another connection serves.
  for (;;) {
    const auto lease = co_await pool->acquire();
    try {
      const auto second = co_await process_behind(&lease);
      EXPECT_NE(first, second);
      co_return;
    } catch (const base::StoreError&) {
      EXPECT_FALSE(lease.connection().usable());
    }
  }
}

TEST_F(PostgresPool, MakesAnotherConnectionWhenOneBreaks) {
  limits.max_wait = std::chrono::seconds(50);
  with_pool(expect_replacement);
}

constexpr Sql kSleep = "SELECT pg_sleep(2)::text";

base::Task<> sleep_on(const Lease* lease) {
  Batch batch;
  batch.add(kSleep);
  co_await lease->connection().run(std::move(batch));
}

base::Task<> expect_no_more_on_a_stalled_one(PoolPointer pool) {
  const auto executor = co_await boost::asio::this_coro::executor;
  {
    const auto slow = co_await first_lease(pool);
    base::TaskGroup sleeping("sleeping");
    sleeping.spawn(executor, sleep_on(&slow));
    const auto beside = co_await refusal(pool);
    EXPECT_EQ(beside, "none") << "it has only begun";
    boost::asio::steady_timer pause(executor, std::chrono::milliseconds(150));
    co_await pause.async_wait(boost::asio::use_awaitable);
    const auto reason = co_await refusal(pool);
    EXPECT_THAT(reason, HasSubstr("came free within 100 ms"));
    while (sleeping.size() > 0) {
      pause.expires_after(std::chrono::milliseconds(10));
      co_await pause.async_wait(boost::asio::use_awaitable);
    }
  }
  const auto after = co_await refusal(pool);
  EXPECT_EQ(after, "none");
}

TEST_F(PostgresPool, GivesNobodyAConnectionThatIsHeldUp) {
  limits.leases_each = 8;
  limits.stalled_after = std::chrono::milliseconds(100);
  with_pool(expect_no_more_on_a_stalled_one);
}

base::Task<> expect_others_first(PoolPointer pool) {
  const auto executor = co_await boost::asio::this_coro::executor;
  const auto quiet = co_await pool->acquire();
  boost::asio::steady_timer pause(executor, std::chrono::milliseconds(150));
  co_await pause.async_wait(boost::asio::use_awaitable);
  for (int i = 0; i < 5; ++i) {
    const auto one = co_await pool->acquire();
    const auto two = co_await pool->acquire();
    EXPECT_NE(&one.connection(), &quiet.connection());
    EXPECT_NE(&two.connection(), &quiet.connection());
  }
}

TEST_F(PostgresPool, MakesAnotherConnectionRatherThanShareOneThatMayBeHeldUp) {
  limits = {.connections = 2, .leases_each = 8, .max_wait = std::chrono::seconds(50)};
  with_pool(expect_others_first);
}

base::Task<> expect_closed(PoolPointer pool) {
  const auto held = co_await first_lease(pool);
  pool->close();
  const auto reason = co_await refusal(pool);
  EXPECT_THAT(reason, HasSubstr("closed"));
  EXPECT_FALSE(held.connection().usable());
}

TEST_F(PostgresPool, ClosesItsConnectionsAndServesNobodyAfterwards) { with_pool(expect_closed); }

}  // namespace
}  // namespace codelab::infra::postgres
