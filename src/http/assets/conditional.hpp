#pragma once

#include <string_view>

namespace codelab::http::assets {

/// Whether an If-None-Match field value names `etag` (weak comparison, RFC 9110, 8.8.3.2) or is `*`: the answer to a
/// GET or HEAD is then 304 without a body, with the same ETag, Cache-Control and Vary. An absent field is an empty
/// value and matches nothing; reading stops at the first malformed tag.
bool matches_if_none_match(std::string_view etag, std::string_view if_none_match) noexcept;

}  // namespace codelab::http::assets
