#pragma once

#include <string_view>

#include "http/assets/asset_table.hpp"

namespace codelab::http::assets {

/// Whether an unknown `path` may be a view of the single-page interface: it stands under no prefix that the server
/// answers itself (/my, /auth, /assets, /health, /metrics, /openapi.json), and its last segment has no dot, as a file's
/// has.
bool is_page_path(std::string_view path) noexcept;

/// Whether an Accept field value names text/html with a weight above zero, as a browser's navigation does. A bare
/// `*/*` (curl, fetch) does not count, so that API clients get their 404 as a problem document.
bool accepts_html(std::string_view accept) noexcept;

/// The page that answers a GET of a page path when nothing else does: the one at "/".
const Asset& page_fallback() noexcept;

}  // namespace codelab::http::assets
