#include "infra/sqlite/database.hpp"

#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/store_error.hpp"
#include "infra/sqlite/rows.hpp"
#include "tests/contract/run_task.hpp"
#include "tests/contract/store_doubles.hpp"
#include "tests/contract/temporary_folder.hpp"

namespace codelab::infra::sqlite {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

constexpr Sql kInsertUser = "INSERT INTO users VALUES (?1, ?2, 'hash', 0)";
constexpr Sql kCountUsers = "SELECT count(*) FROM users";

class DatabaseTest : public testing::Test {
 protected:
  std::unique_ptr<Database> open(DatabaseSettings settings) {
    return std::make_unique<Database>(settings, clock, relay, observer);
  }
  std::unique_ptr<Database> open() { return open({.folder = data}); }

  std::string refusal() {
    try {
      open();
    } catch (const base::StoreError& error) {
      return error.what();
    }
    return "none";
  }

  static bool add_user(Database& database) {
    return tests::run_task(database.writer().run("add", [](Transaction& tx) {
      const auto id = base::UserId::generate();
      return tx.sql().execute(kInsertUser, id, id.str()) == 1;
    }));
  }

  static std::int64_t users(Database& database) {
    return tests::run_task(database.readers().run(
        "count", [](Connection& sql) { return value_of<std::int64_t>(sql.query(kCountUsers)); }));
  }

  tests::TemporaryFolder folder;
  fs::path data = folder.path() / "data";
  tests::SteppingClock clock;
  tests::RecordingRelay relay;
  StoreObserver observer;
};

TEST_F(DatabaseTest, KeepsWhatWasCommittedAndEmptiesItsLog) {
  auto database = open();
  EXPECT_TRUE(add_user(*database));
  database.reset();
  EXPECT_FALSE(fs::exists(data / "codelab.db-wal"));
  EXPECT_EQ(users(*open()), 1);
}

TEST_F(DatabaseTest, IsForItsOwnersEyesOnly) {
  const auto database = open();
  EXPECT_EQ(fs::status(data).permissions(), fs::perms::owner_all);
  for (const auto* name : {"codelab.db", "codelab.db-wal", "codelab.lock"}) {
    EXPECT_EQ(fs::status(data / name).permissions(), fs::perms::owner_read | fs::perms::owner_write) << name;
  }
}

TEST_F(DatabaseTest, ASecondOneOnTheSameFolderIsRefusedUntilTheFirstEnds) {
  auto first = open();
  EXPECT_THAT(refusal(), HasSubstr("served by another process"));
  first.reset();
  EXPECT_EQ(refusal(), "none");
}

TEST_F(DatabaseTest, AFileThatIsNoDatabaseIsSaidInWords) {
  fs::create_directories(data);
  std::ofstream(data / "codelab.db") << std::string(10'000, 'x');
  EXPECT_THAT(refusal(), HasSubstr("not a SQLite database"));
}

TEST_F(DatabaseTest, AFolderThatCannotBeMadeIsSaidInWords) {
  std::ofstream(folder.path() / "data") << "a file";
  EXPECT_THAT(refusal(), HasSubstr("data folder"));
}

TEST_F(DatabaseTest, AReaderSeesEveryCommitThatIsDone) {
  const auto database = open();
  for (std::int64_t i = 1; i <= 20; ++i) {
    add_user(*database);
    EXPECT_EQ(users(*database), i);
  }
}

TEST_F(DatabaseTest, WhatAReaderThrowsReachesItsCaller) {
  const auto database = open();
  auto reading = database->readers().run("bad", [](Connection& sql) { return any_of(sql.query("SELECT nonsense")); });
  EXPECT_THROW(tests::run_task(std::move(reading)), base::StoreError);
  EXPECT_EQ(users(*database), 0);
}

TEST_F(DatabaseTest, ReadersCannotWrite) {
  const auto database = open();
  auto writing = database->readers().run("write", [](Connection& sql) { return sql.execute("DELETE FROM users"); });
  EXPECT_THROW(tests::run_task(std::move(writing)), base::StoreError);
}

TEST_F(DatabaseTest, TheLogStaysBounded) {
  constexpr std::uintmax_t kPage = 4096 + 24;
  const auto database = open({.folder = data, .checkpoint_pages = 50});
  for (int i = 0; i < 2'000; ++i) add_user(*database);
  EXPECT_LT(fs::file_size(data / "codelab.db-wal"), 2'000 * kPage);
  EXPECT_EQ(users(*database), 2'000);
}

}  // namespace
}  // namespace codelab::infra::sqlite
