#include "infra/sqlite/migrations.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/store_error.hpp"
#include "infra/sqlite/rows.hpp"
#include "tests/contract/temporary_folder.hpp"

namespace codelab::infra::sqlite {
namespace {

using testing::HasSubstr;

constexpr Sql kTables = "SELECT count(*) FROM sqlite_schema WHERE name IN ('one', 'two')";
constexpr Sql kApplied = "SELECT count(*) FROM schema_migrations";

const Migration kOne{1, "one", "CREATE TABLE one (a); INSERT INTO one VALUES (1);"};
const Migration kTwo{2, "two", "CREATE TABLE two (a);"};

class Migrations : public testing::Test {
 protected:
  void apply(std::vector<Migration> list) { migrate(connection, list, {}); }
  std::int64_t number(Sql sql) { return value_of<std::int64_t>(connection.query(sql)); }
  std::string refusal(std::vector<Migration> list) {
    try {
      apply(std::move(list));
    } catch (const base::StoreError& error) {
      return error.what();
    }
    return "none";
  }

  tests::TemporaryFolder folder;
  Connection connection{folder.path() / "test.db", Access::read_write};
};

TEST_F(Migrations, AreAppliedOnceAndInOrder) {
  apply({kOne, kTwo});
  apply({kOne, kTwo});
  EXPECT_EQ(number(kTables), 2);
  EXPECT_EQ(number(kApplied), 2);
  EXPECT_EQ(number("SELECT count(*) FROM one"), 1);
}

TEST_F(Migrations, ANewOneIsAddedToAnOldDatabase) {
  apply({kOne});
  apply({kOne, kTwo});
  EXPECT_EQ(number(kTables), 2);
}

TEST_F(Migrations, AChangedTextIsRefused) {
  apply({kOne});
  EXPECT_THAT(refusal({{1, "one", "CREATE TABLE one (b);"}, kTwo}), HasSubstr("0001_one differs"));
  EXPECT_EQ(number(kApplied), 1);
}

TEST_F(Migrations, ADatabaseFromANewerVersionIsRefused) {
  apply({kOne, kTwo});
  EXPECT_THAT(refusal({kOne}), HasSubstr("newer version of codelab (migration 0002_two)"));
}

TEST_F(Migrations, OneThatFailsLeavesNothingBehind) {
  EXPECT_THAT(refusal({kOne, {2, "two", "CREATE TABLE two (a); SELECT nonsense;"}}), HasSubstr("nonsense"));
  EXPECT_EQ(number(kTables), 1);
  EXPECT_EQ(number(kApplied), 1);
  apply({kOne, kTwo});
  EXPECT_EQ(number(kTables), 2);
}

TEST_F(Migrations, TheChecksumIsSha256) {
  EXPECT_EQ(checksum_of({1, "abc", "abc"}), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST_F(Migrations, TheEmbeddedOnesApplyInOrderFromOne) {
  const auto embedded = embedded_migrations();
  ASSERT_FALSE(embedded.empty());
  for (std::size_t i = 0; i < embedded.size(); ++i) EXPECT_EQ(embedded[i].version, static_cast<std::int64_t>(i) + 1);
  EXPECT_NO_THROW(migrate(connection, embedded, {}));
}

}  // namespace
}  // namespace codelab::infra::sqlite
