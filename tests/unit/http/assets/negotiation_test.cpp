#include "http/assets/negotiation.hpp"

#include <array>
#include <cstddef>
#include <string_view>

#include <gtest/gtest.h>

namespace codelab::http::assets {
namespace {

constexpr std::array<std::byte, 100> kContent{};

Asset compressible() {
  const std::span<const std::byte> content(kContent);
  return {.identity = content, .gzip = content.first(40), .brotli = content.first(30)};
}

/// The chosen coding, with "identity" for none, after checking that the bytes belong to it.
std::string_view choice(const Asset& asset, std::string_view accept_encoding) {
  const auto [coding, bytes] = negotiate(asset, accept_encoding);
  const auto expected = coding == "br" ? asset.brotli : coding == "gzip" ? asset.gzip : asset.identity;
  EXPECT_EQ(bytes.data(), expected.data());
  EXPECT_EQ(bytes.size(), expected.size());
  return coding.empty() ? "identity" : coding;
}

TEST(Negotiation, GivesBrowsersBrotli) { EXPECT_EQ(choice(compressible(), "gzip, deflate, br, zstd"), "br"); }

TEST(Negotiation, SendsTheFileAsItIsWhenNothingIsAsked) {
  EXPECT_EQ(choice(compressible(), ""), "identity");
  EXPECT_EQ(choice(compressible(), "deflate, zstd"), "identity");
}

TEST(Negotiation, HonoursWeights) {
  EXPECT_EQ(choice(compressible(), "br;q=0.5, gzip;q=0.8"), "gzip");
  EXPECT_EQ(choice(compressible(), "br;q=0.001, gzip;q=0"), "br");
  EXPECT_EQ(choice(compressible(), "br;q=0, gzip;q=0.001"), "gzip");
  EXPECT_EQ(choice(compressible(), "gzip;q=0.5, identity;q=0.9"), "identity");
  EXPECT_EQ(choice(compressible(), "gzip;q=0.5, identity;q=0.5"), "gzip");
  EXPECT_EQ(choice(compressible(), "gzip;q=0.2"), "gzip");
}

TEST(Negotiation, BreaksTiesBySize) {
  Asset asset = compressible();
  EXPECT_EQ(choice(asset, "gzip, br"), "br");
  std::swap(asset.gzip, asset.brotli);
  EXPECT_EQ(choice(asset, "br, gzip"), "gzip");
}

TEST(Negotiation, AppliesTheStarToCodingsThatAreNotNamed) {
  EXPECT_EQ(choice(compressible(), "*"), "br");
  EXPECT_EQ(choice(compressible(), "*, br;q=0"), "gzip");
  EXPECT_EQ(choice(compressible(), "*;q=0, gzip"), "gzip");
  EXPECT_EQ(choice(compressible(), "*;q=0"), "identity");
}

TEST(Negotiation, FallsBackToIdentityWhenEverythingIsRefused) {
  EXPECT_EQ(choice(compressible(), "identity;q=0"), "identity");
  EXPECT_EQ(choice(compressible(), "br;q=0, gzip;q=0, identity;q=0"), "identity");
  EXPECT_EQ(choice(compressible(), "gzip;q=broken"), "identity");
}

TEST(Negotiation, NeverOffersACodingThatWasNotPacked) {
  Asset asset = compressible();
  asset.brotli = {};
  EXPECT_EQ(choice(asset, "br, gzip;q=0.1"), "gzip");
  asset.gzip = {};
  EXPECT_EQ(choice(asset, "br, gzip, *"), "identity");
}

TEST(Negotiation, ReadsNamesWithoutCaseAndTheOldNameOfGzip) {
  EXPECT_EQ(choice(compressible(), "BR"), "br");
  EXPECT_EQ(choice(compressible(), "X-GZip"), "gzip");
  EXPECT_EQ(choice(compressible(), "gzip;q=0, x-gzip"), "identity") << "the first mention counts";
}

}  // namespace
}  // namespace codelab::http::assets
