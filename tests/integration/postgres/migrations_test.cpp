#include "infra/postgres/migrations.hpp"

#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <libpq-fe.h>

#include "base/store_error.hpp"
#include "infra/postgres/query_error.hpp"
#include "tests/servers/postgres_server.hpp"

namespace codelab::infra::postgres {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using tests::query_postgres;

const Migration kOne{1, "one", "CREATE TABLE one (a int); INSERT INTO one VALUES (1);"};
const Migration kTwo{2, "two", "CREATE TABLE two (a int);"};
const Migration kBroken{2, "broken", "CREATE TABLE two (a int); CREATE TABLE two (a int);"};

class PostgresMigrations : public testing::Test {
 protected:
  void apply(const std::vector<Migration>& list) { migrate(Address(data.owner()), list, {}); }
  std::string refusal(const std::vector<Migration>& list) {
    try {
      apply(list);
    } catch (const base::StoreError& error) {
      return error.what();
    }
    return "none";
  }
  std::vector<std::string> query(const std::string& sql) { return query_postgres(data.owner(), sql); }

  tests::PostgresDatabase data{tests::PostgresDatabase::Schema::empty};
};

TEST_F(PostgresMigrations, AreAppliedOnceAndInOrder) {
  apply({kOne, kTwo});
  apply({kOne, kTwo});
  EXPECT_THAT(query("SELECT version, name FROM schema_migrations ORDER BY version"), ElementsAre("1|one", "2|two"));
  EXPECT_THAT(query("SELECT count(*) FROM one"), ElementsAre("1"));
}

TEST_F(PostgresMigrations, ANewOneIsAddedToAnOldDatabase) {
  apply({kOne});
  apply({kOne, kTwo});
  EXPECT_THAT(query("SELECT count(*) FROM schema_migrations"), ElementsAre("2"));
}

TEST_F(PostgresMigrations, AChangedTextIsRefused) {
  apply({kOne});
  EXPECT_THAT(refusal({{1, "one", "CREATE TABLE one (b int)"}, kTwo}), HasSubstr("0001_one differs"));
  EXPECT_THAT(query("SELECT count(*) FROM schema_migrations"), ElementsAre("1"));
}

TEST_F(PostgresMigrations, ADatabaseFromANewerVersionIsRefused) {
  apply({kOne, kTwo});
  EXPECT_THAT(refusal({kOne}), HasSubstr("newer version of codelab (migration 0002_two)"));
}

TEST_F(PostgresMigrations, ADatabaseFromANewerVersionThatServesThisOneIsTaken) {
  const Migration additive{2, "two", "-- served by 1\nCREATE TABLE two (a int);"};
  const Migration breaking{3, "three", "-- served by 2\nALTER TABLE two RENAME TO three;"};
  apply({kOne, additive});
  EXPECT_EQ(refusal({kOne}), "none");
  apply({kOne, additive, breaking});
  EXPECT_THAT(refusal({kOne}), HasSubstr("newer version of codelab (migration 0003_three)"));
  EXPECT_EQ(refusal({kOne, additive}), "none");
}

TEST_F(PostgresMigrations, OneThatFailsChangesNothingAndLeavesThoseBeforeIt) {
  EXPECT_THAT(refusal({kOne, kBroken}), HasSubstr("already exists"));
  EXPECT_THAT(query("SELECT to_regclass('one') IS NULL, to_regclass('two') IS NULL"), ElementsAre("f|t"));
  EXPECT_THAT(query("SELECT version, name FROM schema_migrations"), ElementsAre("1|one"));
  EXPECT_EQ(refusal({kOne, kTwo}), "none");
}

/// Another session works with the table of the migration to come.
class PostgresMigrationOfABusyTable : public PostgresMigrations {
 protected:
  PostgresMigrationOfABusyTable() {
    apply({kOne});
    PQclear(PQexec(busy.get(), "BEGIN; SELECT * FROM one"));
  }
  static void widen(const Address& owner, const MigrationPatience& patience) {
    const std::vector<Migration> list{
        kOne, {2, "wider", "CREATE TABLE two (a int); ALTER TABLE one ADD COLUMN b int; INSERT INTO two VALUES (1);"}};
    migrate(owner, list, {}, patience);
  }

  const std::unique_ptr<PGconn, decltype(&PQfinish)> busy{PQconnectdb(data.owner().c_str()), &PQfinish};
};

TEST_F(PostgresMigrationOfABusyTable, WaitsForItAndLetsOthersAtItMeanwhile) {
  const MigrationPatience patience{.lock = std::chrono::milliseconds(100), .attempts = 1'000'000};
  std::jthread migrating([&] { EXPECT_NO_THROW(widen(Address(data.owner()), patience)); });
  const auto waits = fmt::format(
      "SELECT count(*) > 0 FROM pg_stat_activity WHERE datname = '{}' AND wait_event_type = 'Lock'", data.name());
  while (query_postgres(data.superuser(), waits).at(0) != "t") {
  }
  // It would never come to an answer if the migration waited to its end.
  EXPECT_THAT(query("SELECT count(*) FROM one"), ElementsAre("1"));
  EXPECT_THAT(query("SELECT version FROM schema_migrations"), ElementsAre("1"));
  PQclear(PQexec(busy.get(), "COMMIT"));
  migrating.join();
  EXPECT_THAT(query("SELECT count(b), (SELECT count(*) FROM two) FROM one"), ElementsAre("0|1"));
  EXPECT_THAT(query("SELECT version FROM schema_migrations ORDER BY 1"), ElementsAre("1", "2"));
}

TEST_F(PostgresMigrationOfABusyTable, IsGivenUpAfterSomeAttempts) {
  const MigrationPatience patience{
      .lock = std::chrono::milliseconds(50), .pause = std::chrono::milliseconds(1), .attempts = 3};
  EXPECT_THROW(widen(Address(data.owner()), patience), QueryError);
  EXPECT_THAT(query("SELECT to_regclass('two') IS NULL"), ElementsAre("t"));
}

TEST_F(PostgresMigrations, TenProcessesMayStartAtOnce) {
  std::vector<std::jthread> processes;
  std::vector<std::string> refusals(10);
  const std::vector<Migration> all(embedded_migrations().begin(), embedded_migrations().end());
  for (auto& each : refusals) processes.emplace_back([&] { each = refusal(all); });
  processes.clear();
  EXPECT_THAT(refusals, testing::Each("none"));
  EXPECT_THAT(query("SELECT count(*) FROM schema_migrations"), ElementsAre(std::to_string(all.size())));
}

TEST_F(PostgresMigrations, ALoginThatOwnsNothingStartsOnACompleteSchema) {
  const tests::PostgresDatabase complete;
  migrate(Address(complete.serving()), embedded_migrations(), {});
  require_serving_login(Address(complete.serving()));
  EXPECT_THROW(migrate(Address(data.serving()), embedded_migrations(), {}), base::StoreError);
}

TEST_F(PostgresMigrations, ALoginThatMayNotServeIsTold) {
  apply(std::vector<Migration>(embedded_migrations().begin(), embedded_migrations().end()));
  query_postgres(data.superuser(), "CREATE ROLE stranger LOGIN");
  auto stranger = Address(data.serving());
  stranger.set("user", "stranger");
  try {
    require_serving_login(stranger);
    FAIL() << "a stranger may serve";
  } catch (const base::StoreError& error) {
    EXPECT_THAT(error.what(), HasSubstr("GRANT codelab_serving, codelab_operator TO stranger"));
  }
}

TEST_F(PostgresMigrations, AnOwnerMayServeToo) {
  apply(std::vector<Migration>(embedded_migrations().begin(), embedded_migrations().end()));
  require_serving_login(Address(data.owner()));
}

TEST_F(PostgresMigrations, ARoleThatCouldLookPastThePoliciesIsRefused) {
  apply(std::vector<Migration>(embedded_migrations().begin(), embedded_migrations().end()));
  query_postgres(data.superuser(), "ALTER ROLE codelab_serving BYPASSRLS");
  EXPECT_THROW(require_serving_login(Address(data.serving())), base::StoreError);
  query_postgres(data.superuser(), "ALTER ROLE codelab_serving NOBYPASSRLS");
  EXPECT_NO_THROW(require_serving_login(Address(data.serving())));
}

}  // namespace
}  // namespace codelab::infra::postgres
