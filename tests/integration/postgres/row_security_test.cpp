#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/integration/postgres/remembering.hpp"
#include "tests/integration/postgres/served.hpp"

/// The second wall: what raw SQL sees and may do in a transaction that the server entered for a user.
namespace codelab::infra::postgres {
namespace {

using core::identity::UserScope;
using tests::run_task;

constexpr Sql kRename = "UPDATE user_agents SET name = 'mine'";
constexpr Sql kDeleteEvents = "DELETE FROM events";
constexpr Sql kInsertStream = "INSERT INTO event_streams (user_id, id, updated_at) VALUES ($1, $2, 0)";
constexpr Sql kDisable = "ALTER TABLE events DISABLE ROW LEVEL SECURITY";
constexpr Sql kSecurityOff = "SELECT set_config('row_security', 'off', true)";
constexpr Sql kEvents = "SELECT count(*) FROM events";
constexpr Sql kCallUsers = "SELECT count(*) FROM codelab_users()";
constexpr Sql kCallByEmail = "SELECT count(*) FROM codelab_credentials_by_email('x')";
constexpr Sql kCallTakeOver =
    "SELECT count(*) FROM codelab_take_over('018f0000-0000-7000-8000-000000000000', 1, '{}', 0)";
constexpr Sql kCallRenew = "SELECT codelab_renew_runner('018f0000-0000-7000-8000-000000000000', 1)";
constexpr Sql kCallRelease = "SELECT codelab_release_runner('018f0000-0000-7000-8000-000000000000')";
constexpr Sql kCallClaim = "SELECT count(*) FROM codelab_claim_memories(0, 0, 1)";
constexpr Sql kRunners = "SELECT count(*) FROM runners";

/// In each of these ann has rows.
constexpr std::array kCounts{Sql("SELECT count(*) FROM users"),
                             Sql("SELECT count(*) FROM auth_sessions"),
                             Sql("SELECT count(*) FROM refresh_tokens"),
                             Sql("SELECT count(*) FROM user_agents"),
                             Sql("SELECT count(*) FROM event_streams"),
                             Sql("SELECT count(*) FROM events"),
                             Sql("SELECT count(*) FROM chat_sessions"),
                             Sql("SELECT count(*) FROM messages"),
                             Sql("SELECT count(*) FROM tasks"),
                             Sql("SELECT count(*) FROM idempotency_keys"),
                             Sql("SELECT count(*) FROM memories"),
                             Sql("SELECT count(*) FROM memory_vectors"),
                             Sql("SELECT count(*) FROM memory_counters"),
                             Sql("SELECT count(*) FROM memory_removals"),
                             Sql("SELECT count(*) FROM memory_collections")};

class PostgresRowSecurity : public testing::Test {
 protected:
  PostgresRowSecurity() {
    const auto session = served.new_session(ann);
    auto call = served.new_call(session);
    call.idempotency = core::chat::IdempotencyKey{.key = "key", .request_hash = "hash"};
    PostgresTaskStore tasks(served.database());
    run_task(tasks.begin(ann, call)).value();
    PostgresUserStore users(served.database());
    const auto now = served.clock.now();
    run_task(users.open_session(ann, {.token_hash = "t", .session = base::AuthSessionId::generate(), .expires_at = now},
                                now));
    Remembering memory(served);
    PostgresAgentStore agents(served.database());
    const auto agent = run_task(agents.find(ann, {.name = "coder"})).value().id;
    memory.remember(ann, agent, "kept");
    EXPECT_TRUE(run_task(memory.store().erase(ann, agent, memory.remember(ann, agent, "erased"))));
  }

  base::Task<Answer> read(const UserScope& scope, Sql sql) {
    Batch batch;
    batch.add(sql);
    return served.database().read("raw", scope, std::move(batch));
  }
  base::Task<Answer> read_as_operator(Sql sql) {
    Batch batch;
    batch.add(sql);
    return served.database().read_as_operator("raw", std::move(batch));
  }
  base::Task<Answer> write_as_operator(Sql sql) {
    Batch batch;
    batch.add(sql);
    return served.database().write_as_operator("raw", std::move(batch));
  }
  std::int64_t number(const UserScope& scope, Sql sql) {
    return value_of<std::int64_t>(std::move(run_task(read(scope, sql)).at(0)), -1);
  }
  static base::Task<std::int64_t> change(Transaction& tx, Batch batch) {
    tx.add(std::move(batch));
    auto answer = co_await tx.run();
    co_await tx.commit();
    co_return answer.back().affected();
  }
  base::Task<std::int64_t> write(const UserScope& scope, Batch batch) {
    return served.database().write("raw", scope, change, std::move(batch));
  }

  tests::PostgresDatabase data;
  Served served{data};
  const UserScope ann = served.new_user();
  /// A user who has nothing, not even an account.
  const UserScope bob = core::identity::ScopeIssuer::open(base::UserId::generate());
};

TEST_F(PostgresRowSecurity, AnotherUsersRowsAreNotThereEvenForRawSql) {
  for (const auto& count : kCounts) {
    EXPECT_GT(number(ann, count), 0) << count.text;
    EXPECT_EQ(number(bob, count), 0) << count.text;
  }
}

TEST_F(PostgresRowSecurity, AnotherUsersRowsCannotBeChangedOrMade) {
  EXPECT_EQ(run_task(write(bob, Batch().add(kRename))), 0);
  EXPECT_EQ(run_task(write(bob, Batch().add(kDeleteEvents))), 0);
  Batch foreign;
  foreign.add(kInsertStream, ann.user(), base::SessionId::generate());
  EXPECT_EQ(failure_of(write(bob, std::move(foreign))), "42501");
  EXPECT_EQ(run_task(write(ann, Batch().add(kRename))), 1);
}

TEST_F(PostgresRowSecurity, TheServingRoleCannotTurnItOff) {
  EXPECT_EQ(failure_of(write(bob, Batch().add(kDisable))), "42501");
  EXPECT_EQ(failure_of(write(bob, Batch().add(kSecurityOff).add(kEvents))), "42501");
}

TEST_F(PostgresRowSecurity, TheOperatorsRoleMayCallItsFunctionsAndNothingElse) {
  for (const auto& count : kCounts) EXPECT_EQ(failure_of(read_as_operator(count)), "42501") << count.text;
  for (const auto& call : {kCallUsers, kCallByEmail, kCallTakeOver, kCallRenew, kCallRelease, kCallClaim}) {
    EXPECT_EQ(failure_of(read(ann, call)), "42501") << call.text;
    EXPECT_EQ(failure_of(write_as_operator(call)), "none") << call.text;
  }
  for (const auto& call : {kCallTakeOver, kCallRenew, kCallRelease, kCallClaim}) {
    EXPECT_EQ(failure_of(read_as_operator(call)), "25006") << call.text;
  }
}

TEST_F(PostgresRowSecurity, NobodySeesTheProcessesButThroughFunctions) {
  EXPECT_EQ(failure_of(read(ann, kRunners)), "42501");
  EXPECT_EQ(failure_of(read_as_operator(kRunners)), "42501");
}

TEST_F(PostgresRowSecurity, AReadCannotWrite) { EXPECT_EQ(failure_of(read(ann, kDeleteEvents)), "25006"); }

TEST_F(PostgresRowSecurity, AnOwnerThatServesIsHeldToItToo) {
  const tests::PostgresDatabase empty(tests::PostgresDatabase::Schema::empty);
  Served alone(DatabaseSettings{.address = empty.owner(), .connections = 4});
  const auto user = alone.new_user();
  Batch events;
  events.add(kEvents);
  const auto count = [&](const UserScope& scope) {
    auto answer = run_task(alone.database().read("raw", scope, events));
    return value_of<std::int64_t>(std::move(answer.at(0)));
  };
  EXPECT_GT(count(user), 0);
  EXPECT_EQ(count(bob), 0);
}

TEST_F(PostgresRowSecurity, CoversEveryTableThatHasAnOwner) {
  const auto open = tests::query_postgres(
      data.superuser(),
      "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') "
      "AND NOT relrowsecurity ORDER BY relname");
  EXPECT_THAT(open, testing::ElementsAre("moved_users", "runners", "schema_migrations", "shard_name", "user_places"));
}

TEST_F(PostgresRowSecurity, KeysOfOwnedTablesBeginWithTheUser) {
  const auto others = tests::query_postgres(
      data.superuser(),
      "SELECT conname FROM pg_constraint c JOIN pg_class r ON r.oid = c.conrelid JOIN pg_attribute a "
      "ON a.attrelid = r.oid AND a.attnum = c.conkey[1] WHERE r.relnamespace = 'public'::regnamespace "
      "AND c.contype IN ('p', 'f') AND a.attname <> 'user_id' ORDER BY conname");
  EXPECT_THAT(others, testing::ElementsAre("runners_pkey", "schema_migrations_pkey", "shard_name_pkey", "users_pkey"));
}

}  // namespace
}  // namespace codelab::infra::postgres
