#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "http/message.hpp"

namespace codelab::http::server {

/// How the end of an answer's body is told.
enum class Framing : std::uint8_t { none, length, chunked, until_close };

struct HeadContext {
  Method method = Method::other;
  bool is_http_1_0 = false;
  bool keep_alive = false;
  /// IMF-fixdate.
  std::string_view date;
};

/// The framing `response` gets, as its header announces it: HEAD announces what GET would.
Framing framing_of(const Response& response, bool is_http_1_0);

/// Appends the status line and header fields. Those that the server owns (Date, Server, Content-Length,
/// Transfer-Encoding, Connection) come from here; a field of `response` that would break out of its line is dropped.
void append_head(std::string& out, const Response& response, const HeadContext& context);

/// `Sun, 06 Nov 1994 08:49:37 GMT`, independent of the locale.
std::string format_http_date(std::int64_t unix_seconds);

}  // namespace codelab::http::server
