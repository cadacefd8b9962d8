#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace codelab::http::assets {

/// One file of the web interface, kept inside the binary. Every view points into static storage.
struct Asset {
  std::string_view path{};           ///< request path, without query: "/", "/docs", "/assets/front.<hash>.css"
  std::string_view content_type{};   ///< value of Content-Type
  std::string_view etag{};           ///< weak entity tag, quotes included; one for all encodings
  std::string_view cache_control{};  ///< value of Cache-Control
  std::string_view content_security_policy{};  ///< value of Content-Security-Policy
  std::span<const std::byte> identity{};       ///< the file as it is
  std::span<const std::byte> gzip{};           ///< empty when compressing does not make the file smaller
  std::span<const std::byte> brotli{};         ///< empty when compressing does not make the file smaller
};

/// Everything that scripts/build_assets.mjs packed, sorted by path. Defined in the source which that script generates.
std::span<const Asset> asset_table() noexcept;

/// The asset served at `path` (percent-decoded, without query), or null. One trailing slash is ignored.
const Asset* find_asset(std::string_view path) noexcept;

/// The same in a table of the caller's, which must be sorted by path and outlive the result.
const Asset* find_asset(std::span<const Asset> table, std::string_view path) noexcept;

}  // namespace codelab::http::assets
