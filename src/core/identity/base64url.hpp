#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace codelab::core::identity {

/// RFC 4648, section 5, without padding.
std::string encode_base64url(std::string_view bytes);

/// Accepts the canonical form only: no padding, no other alphabet, no stray bits at the end. Each byte string has
/// exactly one text, so a token cannot be respelled.
std::optional<std::string> decode_base64url(std::string_view text);

}  // namespace codelab::core::identity
