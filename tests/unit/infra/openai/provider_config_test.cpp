#include "infra/openai/provider_config.hpp"

#include <gtest/gtest.h>

namespace codelab::infra::openai {
namespace {

TEST(EndpointTest, ASlashAtTheEndDoesNotMatter) {
  EXPECT_EQ(endpoint("https://api.openai.com/v1", "/chat/completions"), "https://api.openai.com/v1/chat/completions");
  EXPECT_EQ(endpoint("http://localhost:11434/v1//", "/embeddings"), "http://localhost:11434/v1/embeddings");
}

std::string faulty_field(const ProviderConfig& config) {
  const auto result = validated(config);
  if (result) return "";
  return result.error().fields.at(0).loc.at(0);
}

TEST(ProviderConfigTest, GoodSettingsPass) {
  EXPECT_EQ(faulty_field({.model = "m"}), "");
  EXPECT_EQ(faulty_field({.base_url = "http://[::1]:8080/v1/", .api_key = "k", .model = "m"}), "");
}

TEST(ProviderConfigTest, BadAddressesAreNamed) {
  for (const char* url : {"", "api.openai.com/v1", "ftp://host/v1", "http://", "http:///v1", "http://host/v1?x=1",
                          "http://user:secret@host/v1", "http://host/v1\r\nX: y", "file:///etc/passwd"}) {
    EXPECT_EQ(faulty_field({.base_url = url, .model = "m"}), "base_url") << url;
  }
}

TEST(ProviderConfigTest, OtherFaultsAreNamed) {
  EXPECT_EQ(faulty_field({.api_key = "a\r\nX-Evil: 1", .model = "m"}), "api_key");
  EXPECT_EQ(faulty_field({}), "model");
  EXPECT_EQ(faulty_field({.model = "m", .max_in_flight = 0}), "max_in_flight");
  EXPECT_EQ(faulty_field({.model = "m", .call_deadline = std::chrono::milliseconds(0)}), "call_deadline");
}

}  // namespace
}  // namespace codelab::infra::openai
