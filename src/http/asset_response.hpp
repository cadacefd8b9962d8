#pragma once

#include <optional>

#include "http/message.hpp"
#include "http/target.hpp"

namespace codelab::http {

/// The answer of a page or file of the web interface to a GET or HEAD; nothing when the path is none of these. An
/// unknown path that a browser navigates to gets the front page, which routes by itself.
std::optional<Response> asset_response(const Request& request, const Target& target);

}  // namespace codelab::http
