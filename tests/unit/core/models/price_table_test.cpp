#include "core/models/price_table.hpp"

#include <filesystem>
#include <fstream>
#include <string>
#include <unistd.h>

#include <gtest/gtest.h>

namespace codelab::core::models {
namespace {

constexpr TokenCounts kMillionEach{.prompt_tokens = 1'000'000, .completion_tokens = 1'000'000};

std::optional<double> cost(const PriceTable& table, std::string_view model) {
  return table.cost_usd(model, kMillionEach);
}

TEST(PriceTableTest, KnownModelsHaveTheirPrice) {
  const PriceTable table = PriceTable::built_in();
  EXPECT_EQ(cost(table, "gpt-4o"), 12.5);
  EXPECT_DOUBLE_EQ(*cost(table, "gpt-4o-mini"), 0.75);
  EXPECT_EQ(table.cost_usd("gpt-4o", {.prompt_tokens = 1000, .completion_tokens = 0}), 0.0025);
}

TEST(PriceTableTest, ACostShowsNoNoiseOfItsAddition) {
  const PriceTable table = PriceTable::built_in();
  EXPECT_EQ(table.cost_usd("gpt-4o-mini", {.prompt_tokens = 7, .completion_tokens = 3}), 0.00000285);
  EXPECT_EQ(table.cost_usd("gpt-4o-mini", {.prompt_tokens = 1, .completion_tokens = 2}), 0.00000135);
}

TEST(PriceTableTest, TheLongestNameWins) {
  const PriceTable table = PriceTable::built_in();
  EXPECT_EQ(cost(table, "gpt-4o-2024-08-06"), 12.5);
  EXPECT_DOUBLE_EQ(*cost(table, "gpt-4o-mini-2024-07-18"), 0.75);
  EXPECT_EQ(cost(table, "claude-sonnet-4-5-20250929"), 18.0);
}

TEST(PriceTableTest, ANameThatOnlyBeginsAlikeIsAnotherModel) {
  const PriceTable table = PriceTable::built_in();
  EXPECT_EQ(cost(table, "gpt-4omni"), std::nullopt);
  EXPECT_EQ(cost(table, "gpt-4.5-preview"), std::nullopt);
  EXPECT_EQ(cost(table, "my-own-model"), std::nullopt);
  EXPECT_EQ(cost(table, ""), std::nullopt);
}

TEST(PriceTableTest, ARoutingPrefixIsDropped) {
  const PriceTable table = PriceTable::built_in();
  EXPECT_EQ(cost(table, "openai/gpt-4o"), 12.5);
  EXPECT_EQ(cost(table, "router/openai/gpt-4o-2024-08-06"), 12.5);
}

TEST(PriceTableTest, OfflineCostsNothing) {
  const PriceTable table = PriceTable::built_in();
  EXPECT_EQ(cost(table, "offline"), 0.0);
  EXPECT_EQ(cost(table, "offline-1"), 0.0);
}

TEST(PriceTableTest, AFilesEntriesComeOverTheBuiltInOnes) {
  const auto table = PriceTable::built_in().with_overrides(R"(
    [models."gpt-4o"]
    prompt = 1
    completion = 2.5
    [models."our/embedder"]
    prompt = 0.5
  )");
  ASSERT_TRUE(table);
  EXPECT_EQ(cost(*table, "gpt-4o"), 3.5);
  EXPECT_EQ(cost(*table, "our/embedder"), 0.5);
  EXPECT_EQ(cost(*table, "gpt-4.1"), 10.0);
}

TEST(PriceTableTest, NamesWhatItHolds) {
  const auto table = PriceTable::built_in().with_overrides("[models.\"ours\"]\nprompt = 1\n");
  ASSERT_TRUE(table);
  const auto names = table->names();
  EXPECT_EQ(std::ranges::count(names, "ours"), 1);
  EXPECT_EQ(std::ranges::count(names, "gpt-4o"), 1);
}

TEST(PriceTableTest, WhatIsWrongInAFileIsNamed) {
  const auto detail_of = [](std::string_view toml) {
    const auto table = PriceTable::built_in().with_overrides(toml);
    EXPECT_FALSE(table) << toml;
    return table ? std::string() : table.error().detail;
  };
  EXPECT_NE(detail_of("[models.x]\nprompt = \"cheap\"").find("models.\"x\".prompt"), std::string::npos);
  EXPECT_NE(detail_of("[models.x]\nprompt = -1").find("models.\"x\".prompt"), std::string::npos);
  EXPECT_NE(detail_of("[models.x]\nprompt = inf").find("models.\"x\".prompt"), std::string::npos);
  EXPECT_NE(detail_of("[models.x]\ncompletion = 1").find("prompt is missing"), std::string::npos);
  EXPECT_NE(detail_of("[models.x]\nprompt = 1\npromt = 2").find("promt"), std::string::npos);
  EXPECT_NE(detail_of("[models]\nx = 3").find("must be a table"), std::string::npos);
  EXPECT_NE(detail_of("models = 3").find("must be a table"), std::string::npos);
  EXPECT_NE(detail_of("\n\n[models").find("line 3"), std::string::npos);
}

TEST(PriceTableTest, AFileIsReadFromDisk) {
  const auto file = std::filesystem::temp_directory_path() / ("prices-" + std::to_string(::getpid()) + ".toml");
  std::ofstream(file) << "[models.\"gpt-4o\"]\nprompt = 0\n";
  const auto table = PriceTable::built_in().with_override_file(file);
  std::filesystem::remove(file);
  ASSERT_TRUE(table);
  EXPECT_EQ(cost(*table, "gpt-4o"), 0.0);
  EXPECT_FALSE(PriceTable::built_in().with_override_file(file));
}

}  // namespace
}  // namespace codelab::core::models
