#include "core/identity/refresh_token.hpp"

#include <set>

#include <gtest/gtest.h>

namespace codelab::core::identity {
namespace {

TEST(RefreshToken, IsReadBackWithItsUser) {
  const auto user = base::UserId::generate();
  const RefreshToken token = RefreshToken::generate(user);
  EXPECT_EQ(token.text().size(), RefreshToken::kTextLength);
  const auto read = RefreshToken::parse(token.text());
  ASSERT_TRUE(read);
  EXPECT_EQ(read->user(), user);
  EXPECT_EQ(read->text(), token.text());
  EXPECT_EQ(read->hash(), token.hash());
}

TEST(RefreshToken, NoTwoAreAlike) {
  const auto user = base::UserId::generate();
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) {
    const RefreshToken token = RefreshToken::generate(user);
    EXPECT_TRUE(seen.insert(token.text()).second);
    EXPECT_TRUE(seen.insert(token.hash()).second);
  }
}

TEST(RefreshToken, IsHashedWithSha256) {
  // `printf %064d 0 | sha256sum`
  const auto token = RefreshToken::parse(std::string(64, '0'));
  ASSERT_TRUE(token);
  EXPECT_EQ(token->hash(), "60e05bd1b195af2f94112fa7197a5c88289058840ce7c6df9693756bc6250f55");
}

TEST(RefreshToken, RefusesWhatIsNone) {
  const std::string text = RefreshToken::generate(base::UserId::generate()).text();
  for (const std::string& other : {std::string(), std::string("x"), text + "A", text.substr(1), text.substr(1) + "=",
                                   text.substr(1) + "+", text.substr(1) + " ", std::string(4000, '0')}) {
    EXPECT_FALSE(RefreshToken::parse(other)) << other;
  }
}

}  // namespace
}  // namespace codelab::core::identity
