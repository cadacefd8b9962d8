#include "core/identity/base64url.hpp"

#include <string>

#include <gtest/gtest.h>

namespace codelab::core::identity {
namespace {

TEST(Base64Url, EncodesTheVectorsOfTheRfc) {
  EXPECT_EQ(encode_base64url(""), "");
  EXPECT_EQ(encode_base64url("f"), "Zg");
  EXPECT_EQ(encode_base64url("fo"), "Zm8");
  EXPECT_EQ(encode_base64url("foo"), "Zm9v");
  EXPECT_EQ(encode_base64url("foobar"), "Zm9vYmFy");
  EXPECT_EQ(encode_base64url("\xfb\xff\xfe"), "-__-");
}

TEST(Base64Url, ReadsBackWhatItWrote) {
  std::string bytes;
  for (int i = 0; i < 300; ++i) {
    EXPECT_EQ(decode_base64url(encode_base64url(bytes)), bytes);
    bytes.push_back(static_cast<char>(i * 89));
  }
}

TEST(Base64Url, RefusesEverySpellingButTheCanonicalOne) {
  for (const std::string_view text :
       {"Zh", "Zm9", "Zg=", "Zg==", "Z", "Zm9vY", "Zm9v ", " Zm9v", "Zm\n9v", "+/+/", "Zm9v."}) {
    EXPECT_EQ(decode_base64url(text), std::nullopt) << text;
  }
  EXPECT_EQ(decode_base64url(std::string_view("Zm\0v", 4)), std::nullopt);
}

}  // namespace
}  // namespace codelab::core::identity
