#include "infra/sqlite/statement.hpp"

#include <gtest/gtest.h>

#include "base/store_error.hpp"
#include "core/chat/values.hpp"
#include "infra/sqlite/connection.hpp"
#include "infra/sqlite/rows.hpp"
#include "tests/contract/temporary_folder.hpp"

namespace codelab::infra::sqlite {
namespace {

constexpr Sql kEcho = "SELECT ?";

class StatementTest : public testing::Test {
 protected:
  template <class Value>
  Value echo(const Value& value) {
    return value_of<Value>(connection.query(kEcho, value));
  }

  tests::TemporaryFolder folder;
  Connection connection{folder.path() / "test.db", Access::read_write};
};

TEST_F(StatementTest, EveryTypeComesBackAsItWent) {
  const auto id = base::UserId::generate();
  EXPECT_EQ(echo(id), id);
  EXPECT_EQ(echo(base::from_micros(1'234'567)), base::from_micros(1'234'567));
  EXPECT_EQ(echo(std::int64_t{-5}), -5);
  EXPECT_EQ(echo(0.1), 0.1);
  EXPECT_EQ(echo(std::string("a\0b", 3)), std::string("a\0b", 3));
  EXPECT_EQ(echo(std::string()), "");
  EXPECT_EQ(echo(core::chat::TaskStatus::failed), core::chat::TaskStatus::failed);
}

TEST_F(StatementTest, AnEmptyOptionalIsNull) {
  EXPECT_EQ(echo(std::optional<std::int64_t>()), std::nullopt);
  EXPECT_EQ(echo(std::optional<std::string>("x")), "x");
  EXPECT_FALSE(any_of(connection.query("SELECT 1 WHERE ? IS NULL", std::string_view())));
}

TEST_F(StatementTest, AnIdOfAnotherSizeIsRefused) {
  EXPECT_THROW(value_of<base::UserId>(connection.query("SELECT x'0102'")), base::StoreError);
}

TEST_F(StatementTest, AnUnknownNameIsRefused) {
  EXPECT_THROW(value_of<core::chat::TaskStatus>(connection.query("SELECT 'dancing'")), base::StoreError);
}

TEST_F(StatementTest, AStatementCanRunAgainAfterItFailed) {
  connection.script("CREATE TABLE t (a INTEGER UNIQUE)");
  constexpr Sql kInsert = "INSERT INTO t VALUES (?)";
  connection.execute(kInsert, std::int64_t{1});
  EXPECT_THROW(connection.execute(kInsert, std::int64_t{1}), base::StoreError);
  EXPECT_EQ(connection.execute(kInsert, std::int64_t{2}), 1);
}

}  // namespace
}  // namespace codelab::infra::sqlite
