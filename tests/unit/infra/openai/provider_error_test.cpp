#include "infra/openai/provider_error.hpp"

#include <gtest/gtest.h>

namespace codelab::infra::openai {
namespace {

TEST(ProviderErrorTest, EveryCommonFormIsRead) {
  const ProviderError full =
      read_provider_error(R"({"error":{"message":"no","type":"bad","code":429,"param":"max_tokens","extra":[]}})");
  EXPECT_EQ(full.message, "no");
  EXPECT_EQ(full.type, "bad");
  EXPECT_EQ(full.code, "429");
  EXPECT_EQ(full.param, "max_tokens");
  EXPECT_EQ(read_provider_error(R"({"error":"model not found"})").message, "model not found");
  EXPECT_EQ(read_provider_error(R"({"detail":"nope"})").message, "nope");
  EXPECT_EQ(read_provider_error(R"({"detail":[{"loc":["x"]}]})").message, R"([{"loc":["x"]}])");
  EXPECT_EQ(read_provider_error(R"({"message":"nope"})").message, "nope");
  EXPECT_EQ(read_provider_error("\n try later\nmore").message, "try later");
}

TEST(ProviderErrorTest, WhatSaysNothingStaysEmpty) {
  for (const char* body : {"", "  ", "<html>502</html>", "[1]", R"({"error":{}})", R"({"error":7})", "{}"}) {
    EXPECT_EQ(read_provider_error(body).message, "") << body;
  }
}

TEST(ProviderErrorTest, TroubleOnTheOtherSideIsTransient) {
  EXPECT_TRUE(ProviderError{.code = "503"}.transient());
  EXPECT_TRUE(ProviderError{.code = "429"}.transient());
  EXPECT_TRUE(ProviderError{.type = "server_error"}.transient());
  EXPECT_TRUE(ProviderError{.type = "overloaded_error"}.transient());
  EXPECT_FALSE((ProviderError{.type = "invalid_request_error", .code = "400"}.transient()));
  EXPECT_FALSE(ProviderError{}.transient());
}

TEST(PublicTextTest, TheKeyIsNeverShown) {
  EXPECT_EQ(public_text("bad key abc-123!", "abc-123"), "bad key [key]!");
  EXPECT_EQ(public_text("abc-123abc-123", "abc-123"), "[key][key]");
  EXPECT_EQ(public_text("Incorrect API key provided: sk-proj-ab***yz. See", ""),
            "Incorrect API key provided: [key] See");
  EXPECT_EQ(public_text("a task-oriented risk-model sk-x", ""), "a task-oriented risk-model sk-x");
}

TEST(PublicTextTest, ItIsOneLineOfWholeCharactersAndBounded) {
  EXPECT_EQ(public_text("a\r\nb\tc", ""), "a  b c");
  EXPECT_EQ(public_text("ééé", "", 2), "éé");
  EXPECT_EQ(public_text(std::string(1000, 'x'), "").size(), 300U);
  EXPECT_EQ(public_text("a\xFFz", ""), "a\xEF\xBF\xBDz");
}

TEST(PublicTextTest, AKeyAtTheCutIsMaskedFirst) {
  const std::string message = std::string(298, ' ') + "secret-key";
  EXPECT_EQ(public_text(message, "secret-key").find("se"), std::string::npos);
}

}  // namespace
}  // namespace codelab::infra::openai
