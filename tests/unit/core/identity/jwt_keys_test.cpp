#include "core/identity/jwt_keys.hpp"

#include <string>

#include <gtest/gtest.h>

namespace codelab::core::identity {
namespace {

const std::string kGood(32, 'a');

std::string refusal_of(std::string_view text) {
  const auto keys = JwtKeys::parse(text);
  return keys ? "" : keys.error().detail;
}

TEST(JwtKeys, TheFirstSignsAndAllAreFound) {
  const auto keys = JwtKeys::parse("new:" + kGood + ", old:" + kGood + ":with:colons ");
  ASSERT_TRUE(keys);
  EXPECT_EQ(keys->signing().kid(), "new");
  ASSERT_NE(keys->find("old"), nullptr);
  EXPECT_NE(keys->find("old")->mac("x"), keys->find("new")->mac("x"));
  EXPECT_EQ(keys->find("older"), nullptr);
  EXPECT_EQ(keys->find(""), nullptr);
}

TEST(JwtKeys, ComputesTheVectorOfTheRfc) {
  // RFC 4231, test case 2 has a key of four bytes; JwtKey itself takes any.
  const JwtKey::Mac mac = JwtKey("k", "Jefe").mac("what do ya want for nothing?");
  const JwtKey::Mac expected{0x5b, 0xdc, 0xc1, 0x46, 0xbf, 0x60, 0x75, 0x4e, 0x6a, 0x04, 0x24,
                             0x26, 0x08, 0x95, 0x75, 0xc7, 0x5a, 0x00, 0x3f, 0x08, 0x9d, 0x27,
                             0x39, 0x83, 0x9d, 0xec, 0x58, 0xb9, 0x64, 0xec, 0x38, 0x43};
  EXPECT_EQ(mac, expected);
}

TEST(JwtKeys, RefusesAnEmptyOrShortSecret) {
  EXPECT_EQ(refusal_of("k:"), "the token secret 'k' is too short: it has 0 bytes and must have at least 32");
  EXPECT_EQ(refusal_of("good:" + kGood + ",k:" + std::string(31, 'x')),
            "the token secret 'k' is too short: it has 31 bytes and must have at least 32");
}

TEST(JwtKeys, RefusesWhatIsNotAListOfSecrets) {
  EXPECT_NE(refusal_of(""), "");
  EXPECT_NE(refusal_of(kGood), "");
  EXPECT_NE(refusal_of("k:" + kGood + ","), "");
  EXPECT_NE(refusal_of(":" + kGood), "");
  EXPECT_NE(refusal_of("a b:" + kGood), "");
  EXPECT_NE(refusal_of("\"k\":" + kGood), "");
  EXPECT_NE(refusal_of(std::string(65, 'k') + ":" + kGood), "");
  EXPECT_EQ(refusal_of("k:" + kGood + ",k:" + kGood), "two token secrets have the id 'k'");
  EXPECT_FALSE(JwtKeys::create({}));
}

TEST(JwtKeys, NeverSaysASecret) {
  const std::string secret = "sesame-sesame";
  for (const std::string& text : {"k:" + secret, secret, "k:" + kGood + ",:" + secret, "k:" + kGood + ",k:" + secret}) {
    EXPECT_EQ(refusal_of(text).find("sesame"), std::string::npos) << text;
  }
}

}  // namespace
}  // namespace codelab::core::identity
