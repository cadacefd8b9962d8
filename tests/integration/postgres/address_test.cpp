#include "infra/postgres/address.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/store_error.hpp"
#include "tests/contract/run_task.hpp"

namespace codelab::infra::postgres {
namespace {

using testing::HasSubstr;

TEST(PostgresAddress, RefusesWhatIsNoConnectionStringAndKeepsThePasswordToItself) {
  try {
    Address("postgresql://user:secret@[host/database");
    FAIL() << "took a broken address";
  } catch (const base::StoreError& error) {
    EXPECT_THAT(error.what(), testing::Not(HasSubstr("secret")));
  }
}

TEST(PostgresAddress, LooksUpEveryHostAndKeepsItsNameAndPort) {
  const Address address("host=localhost,/tmp,127.0.0.9 port=1,2,3");
  const auto found = tests::run_task(address.resolved());
  EXPECT_THAT(std::string(found.get("host")), testing::EndsWith("localhost,/tmp,127.0.0.9"));
  EXPECT_THAT(std::string(found.get("hostaddr")), testing::AnyOf(HasSubstr("127.0.0.1,,"), HasSubstr("::1,,")));
  EXPECT_THAT(std::string(found.get("port")), testing::EndsWith("1,2,3"));
}

}  // namespace
}  // namespace codelab::infra::postgres
