#include "config/load.hpp"

#include <fstream>
#include <map>

#include <gtest/gtest.h>

namespace codelab::config {
namespace {

std::map<std::string, std::string>& variables() {
  static std::map<std::string, std::string> all;
  return all;
}

const char* lookup(const char* name) {
  const auto found = variables().find(name);
  return found == variables().end() ? nullptr : found->second.c_str();
}

Loaded loaded(std::map<std::string, std::string> environment, const std::string& toml = "") {
  variables() = std::move(environment);
  if (toml.empty()) return load(std::nullopt, lookup);
  const auto file = std::filesystem::temp_directory_path() / ("codelab-config-" + std::to_string(getpid()) + ".toml");
  std::ofstream(file) << toml;
  auto result = load(file, lookup);
  std::filesystem::remove(file);
  return result;
}

TEST(Configuration, without_any_setting_everything_is_embedded_and_offline) {
  const auto result = loaded({});
  EXPECT_TRUE(result.faults.empty());
  EXPECT_EQ(result.settings.llm.base_url, "");
  EXPECT_EQ(result.settings.embedding.model, "auto");
  EXPECT_EQ(result.settings.rate_limit_per_minute, 100);
}

TEST(Configuration, the_environment_wins_over_the_file) {
  const auto result = loaded({{"CODELAB_PORT", "9"}}, "[server]\nport = 7\nhost = \"0.0.0.0\"\n");
  EXPECT_TRUE(result.faults.empty());
  EXPECT_EQ(result.settings.port, 9);
  EXPECT_EQ(result.settings.host, "0.0.0.0");
}

TEST(Configuration, metrics_stand_apart_only_when_they_have_a_port) {
  EXPECT_FALSE(loaded({}).settings.metrics_apart());
  const auto result = loaded({{"CODELAB_METRICS_PORT", "0"}, {"CODELAB_METRICS_HOST", "::1"}});
  EXPECT_TRUE(result.faults.empty());
  EXPECT_TRUE(result.settings.metrics_apart());
  EXPECT_EQ(result.settings.metrics_host, "::1");
  EXPECT_EQ(loaded({{"CODELAB_METRICS_PORT", "-2"}}).faults.size(), 1);
}

TEST(Configuration, an_openai_key_alone_is_enough) {
  const auto settings = loaded({{"OPENAI_API_KEY", "k"}}).settings;
  EXPECT_EQ(settings.llm.base_url, "https://api.openai.com/v1");
  EXPECT_EQ(settings.llm.model, "gpt-4o-mini");
  EXPECT_EQ(settings.embedding.model, "text-embedding-3-small");
}

TEST(Configuration, a_server_of_our_naming_never_gets_the_common_key_and_no_text_goes_elsewhere) {
  const auto settings =
      loaded(
          {{"OPENAI_BASE_URL", "http://a/v1"}, {"OPENAI_API_KEY", "theirs"}, {"CODELAB_LLM_BASE_URL", "http://b/v1"}})
          .settings;
  EXPECT_EQ(settings.llm.base_url, "http://b/v1");
  EXPECT_EQ(settings.llm.api_key, "");
  EXPECT_EQ(settings.embedding.base_url, "");
}

TEST(Configuration, our_own_key_wins_over_the_common_one) {
  const auto settings = loaded({{"OPENAI_API_KEY", "theirs"}, {"CODELAB_LLM_API_KEY", "ours"}}).settings;
  EXPECT_EQ(settings.llm.api_key, "ours");
  EXPECT_EQ(settings.embedding.api_key, "theirs");
}

TEST(Configuration, every_fault_is_told_in_words) {
  const auto faults = loaded({{"CODELAB_PORT", "x"}, {"CODELAB_LOG_LEVEL", "loud"}, {"CODELAB_REDIS_URL", "redis://h"}},
                             "[server]\nport = 70000\n[nonsense]\na = 1\n")
                          .faults;
  ASSERT_EQ(faults.size(), 6);
  EXPECT_TRUE(faults[0].contains("nonsense.a"));
  EXPECT_TRUE(faults[1].contains("70000"));
  EXPECT_TRUE(faults[2].contains("CODELAB_PORT"));
  EXPECT_TRUE(faults[3].contains("debug, info, warning, error"));
  EXPECT_TRUE(faults[4].contains("CODELAB_REDIS_URL"));
  EXPECT_TRUE(faults[5].contains("CODELAB_JWT_SECRETS"));
}

TEST(Configuration, shards_have_a_name_an_address_and_perhaps_an_owner) {
  const auto result = loaded({{"CODELAB_DATABASE_URL", "dbname=one"},
                              {"CODELAB_DATABASE_SHARDS", " b = host=h dbname=two ; c=postgresql://app@h/three?a=b;"},
                              {"CODELAB_DATABASE_SHARD_MIGRATION_URLS", "c=postgresql://owner@h/three"}});
  EXPECT_TRUE(result.faults.empty()) << result.faults.front();
  const auto shards = result.settings.shards();
  ASSERT_EQ(shards.size(), 2);
  EXPECT_EQ(shards[0].name, "b");
  EXPECT_EQ(shards[0].address, "host=h dbname=two");
  EXPECT_EQ(shards[0].migration_address, "");
  EXPECT_EQ(shards[1].address, "postgresql://app@h/three?a=b");
  EXPECT_EQ(shards[1].migration_address, "postgresql://owner@h/three");
  EXPECT_TRUE(loaded({}).settings.shards().empty());
}

TEST(Configuration, faults_of_shards_are_told_in_words_and_without_addresses) {
  const auto only_fault = [](const char* shards, const char* owners = "", const char* main = "dbname=one") {
    const auto faults = loaded({{"CODELAB_DATABASE_URL", main},
                                {"CODELAB_DATABASE_SHARDS", shards},
                                {"CODELAB_DATABASE_SHARD_MIGRATION_URLS", owners}})
                            .faults;
    EXPECT_EQ(faults.size(), 1);
    for (const auto& fault : faults) EXPECT_FALSE(fault.contains("secret")) << fault;
    return faults.empty() ? "" : faults.front();
  };
  EXPECT_TRUE(only_fault("b=secret;b=secret").contains("storage.database_shards names the shard \"b\" twice"));
  EXPECT_TRUE(only_fault("B c=secret").contains("a name is 1 to 32 of a-z"));
  EXPECT_TRUE(only_fault("main=secret").contains("that is the database of storage.database_url"));
  EXPECT_TRUE(only_fault("b=").contains("no address for the shard \"b\""));
  EXPECT_TRUE(only_fault("secret").contains("part 1 has no ="));
  EXPECT_TRUE(
      only_fault("b=secret", "c=secret").contains("names the shard \"c\", which storage.database_shards does not"));
  EXPECT_TRUE(only_fault("b=secret", "", "").contains("set storage.database_url"));
}

TEST(Configuration, an_origin_that_no_browser_sends_is_told_by_name) {
  EXPECT_TRUE(loaded({{"CODELAB_CORS_ORIGINS", "https://a.example, *"}}).faults.empty());
  const auto faults = loaded({{"CODELAB_CORS_ORIGINS", "https://a.example,https://b.example/,b.example"}}).faults;
  ASSERT_EQ(faults.size(), 2);
  EXPECT_TRUE(faults[0].contains("server.cors_origins holds \"https://b.example/\"")) << faults[0];
  EXPECT_TRUE(faults[1].contains("\"b.example\"")) << faults[1];
}

TEST(Configuration, a_broken_file_is_told_with_its_line) {
  const auto faults = loaded({}, "[server]\nport = = 1\n").faults;
  ASSERT_EQ(faults.size(), 1);
  EXPECT_TRUE(faults[0].contains("line 2"));
}

}  // namespace
}  // namespace codelab::config
