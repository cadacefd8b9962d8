#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "http/assets/asset_table.hpp"

namespace codelab::http::assets {

/// The form of an asset to send.
struct Representation {
  std::string_view content_encoding;  ///< "br", "gzip", or empty: then no Content-Encoding field is sent
  std::span<const std::byte> bytes;
};

/// Picks the form that an Accept-Encoding field asks for (RFC 9110, 12.5.3): the highest weight, then the smallest.
/// An empty field, or one that allows nothing we have, gets the file as it is.
/// The answer depends on the request, so it goes with `Vary: Accept-Encoding`.
Representation negotiate(const Asset& asset, std::string_view accept_encoding) noexcept;

}  // namespace codelab::http::assets
