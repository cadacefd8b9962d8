#include "infra/postgres/user_tables.hpp"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include <gtest/gtest.h>

namespace codelab::infra::postgres {
namespace {

TEST(UserTables, AllAreAmongTheStatementsThatDistributeThem) {
  const auto root = std::filesystem::path(__FILE__).parent_path() / "../../../..";
  std::ifstream file(root / "docs/sharding.md");
  const std::string page{std::istreambuf_iterator<char>(file), {}};
  ASSERT_FALSE(page.empty());
  for (const UserTable& table : user_tables()) {
    EXPECT_TRUE(page.contains("create_distributed_table('" + std::string(table.name) + "'")) << table.name;
  }
}

}  // namespace
}  // namespace codelab::infra::postgres
