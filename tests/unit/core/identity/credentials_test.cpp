#include "core/identity/credentials.hpp"

#include <gtest/gtest.h>

namespace codelab::core::identity {
namespace {

const std::string kPassword = "correct horse";

std::vector<std::string> places(const base::Result<Credentials>& result) {
  std::vector<std::string> found;
  if (result) return found;
  EXPECT_EQ(result.error().code, base::ErrorCode::validation_failed);
  for (const base::FieldError& each : result.error().fields) {
    EXPECT_EQ(each.loc.front(), "body");
    found.push_back(each.loc.back());
  }
  return found;
}

TEST(Credentials, AnAddressIsTrimmedAndLowered) {
  const auto checked = checked_registration({.email = " \tAda.Lovelace@Example.COM\r\n", .password = kPassword});
  ASSERT_TRUE(checked);
  EXPECT_EQ(checked->email, "ada.lovelace@example.com");
}

TEST(Credentials, PlausibleAddressesPass) {
  for (const std::string_view email : {"a@b.c", "a+tag@b.co.uk", "\"odd\"@b.c",
                                       "d\xc3\xb6ner@b\xc3\xbc"
                                       "cher.de"}) {
    EXPECT_FALSE(fault_of_email(email)) << email;
  }
  EXPECT_FALSE(fault_of_email(std::string(248, 'a') + "@b.com"));
}

TEST(Credentials, ImplausibleAddressesDoNot) {
  for (const std::string_view email : {"", "a", "@", "a@b", "@b.c", "a@", "a@.c", "a@b.", "a@b..c", "a@@b.c", "a@b@c.d",
                                       "a b@c.d", "a@b .c", "a\t@b.c", "a@b.c\x7f", "no-at-sign"}) {
    EXPECT_TRUE(fault_of_email(email)) << email;
  }
  EXPECT_TRUE(fault_of_email(std::string_view("a\0@b.c", 6)));
  EXPECT_TRUE(fault_of_email(std::string(249, 'a') + "@b.com"));
}

TEST(Credentials, APasswordHas8To1024BytesWhenItIsChosen) {
  EXPECT_TRUE(fault_of_password("1234567"));
  EXPECT_FALSE(fault_of_password("12345678"));
  EXPECT_FALSE(fault_of_password(std::string(1024, 'x')));
  EXPECT_TRUE(fault_of_password(std::string(1025, 'x')));
}

TEST(Credentials, EveryFaultIsNamedAtItsPlace) {
  EXPECT_EQ(places(checked_registration({.email = "nobody", .password = kPassword})),
            std::vector<std::string>{"email"});
  EXPECT_EQ(places(checked_registration({.email = "a@b.c", .password = "short"})),
            std::vector<std::string>{"password"});
  EXPECT_EQ(places(checked_registration({})), (std::vector<std::string>{"email", "password"}));
}

TEST(Credentials, LoggingInAsksForNoMinimum) {
  EXPECT_TRUE(checked_login({.email = "A@B.C", .password = "x"}));
  EXPECT_EQ(places(checked_login({.email = "a@b.c", .password = ""})), std::vector<std::string>{"password"});
  EXPECT_EQ(places(checked_login({.email = "a@b.c", .password = std::string(1025, 'x')})),
            std::vector<std::string>{"password"});
}

}  // namespace
}  // namespace codelab::core::identity
