#include "http/assets/asset_table.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include <gtest/gtest.h>

namespace codelab::http::assets {
namespace {

std::string_view text(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

Asset at(std::string_view path) { return {.path = path}; }

TEST(FindAsset, AnswersTheExactPathAndNothingBesideIt) {
  const std::array table = {at("/"), at("/assets/a.css"), at("/docs")};
  EXPECT_EQ(find_asset(table, "/"), &table[0]);
  EXPECT_EQ(find_asset(table, "/assets/a.css"), &table[1]);
  EXPECT_EQ(find_asset(table, "/docs"), &table[2]);
  for (const std::string_view absent : {"", "docs", "/doc", "/docs2", "/DOCS", "/assets", "/zzz"}) {
    EXPECT_EQ(find_asset(table, absent), nullptr) << absent;
  }
}

TEST(FindAsset, IgnoresOneTrailingSlash) {
  const std::array table = {at("/"), at("/docs")};
  EXPECT_EQ(find_asset(table, "/docs/"), &table[1]);
  EXPECT_EQ(find_asset(table, "/docs//"), nullptr);
}

TEST(FindAsset, FindsNothingInAnEmptyTable) { EXPECT_EQ(find_asset({}, "/"), nullptr); }

TEST(PackedAssets, AreSortedAndUniqueByPath) {
  const auto table = asset_table();
  EXPECT_TRUE(std::ranges::is_sorted(table, std::ranges::less{}, &Asset::path));
  EXPECT_EQ(std::ranges::adjacent_find(table, {}, &Asset::path), table.end());
}

TEST(PackedAssets, AreCompleteAndSmallerWhenCompressed) {
  for (const Asset& asset : asset_table()) {
    SCOPED_TRACE(asset.path);
    EXPECT_EQ(find_asset(asset.path), &asset);
    EXPECT_FALSE(asset.identity.empty());
    EXPECT_TRUE(asset.gzip.empty() || asset.gzip.size() < asset.identity.size());
    EXPECT_TRUE(asset.brotli.empty() || asset.brotli.size() < asset.identity.size());
    EXPECT_TRUE(asset.etag.starts_with("W/\"") && asset.etag.ends_with('"')) << asset.etag;
    EXPECT_FALSE(asset.content_type.empty());
    EXPECT_TRUE(asset.content_security_policy.starts_with("default-src 'none'"));
  }
}

TEST(PackedAssets, AreImmutableOnlyUnderAHashedName) {
  for (const Asset& asset : asset_table()) {
    const bool hashed = asset.path.starts_with("/assets/");
    EXPECT_EQ(asset.cache_control, hashed ? "public, max-age=31536000, immutable" : "no-cache") << asset.path;
  }
}

TEST(PackedAssets, HoldTheFrontDoorAndTheApiPageWithTheirReferencesResolved) {
  for (const std::string_view path : {"/", "/docs"}) {
    const Asset* page = find_asset(path);
    ASSERT_NE(page, nullptr) << path;
    EXPECT_EQ(page->content_type, "text/html; charset=utf-8");
    auto html = text(page->identity);
    std::size_t references = 0;
    for (auto start = html.find("\"/assets/"); start != html.npos; start = html.find("\"/assets/", start + 1)) {
      const auto reference = html.substr(start + 1, html.find('"', start + 1) - start - 1);
      EXPECT_NE(find_asset(reference), nullptr) << path << " refers to " << reference;
      ++references;
    }
    EXPECT_GE(references, 3U) << path;
  }
}

}  // namespace
}  // namespace codelab::http::assets
