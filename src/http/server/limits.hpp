#pragma once

#include <chrono>
#include <cstddef>

namespace codelab::http::server {

/// What one client may take of the server. Time limits are checked by a clock that ticks four times within the
/// shortest of them, at least once a second.
struct ServerLimits {
  /// Request line and header fields together; more is answered 431, or 414 when the request line alone is longer. Also
  /// bounds one chunk header and the trailer.
  std::size_t header_bytes = 16'384;
  /// Body as the handler sees it, without chunk framing; more is answered 413.
  std::size_t body_bytes = 1'048'576;
  /// From a request's first byte to its last; longer is answered 408.
  std::chrono::milliseconds request_time = std::chrono::seconds(30);
  /// Without a request in progress; longer closes the connection.
  std::chrono::milliseconds idle_time = std::chrono::seconds(75);
  /// Without the peer taking a single byte of what waits to be sent; longer closes the connection.
  std::chrono::milliseconds write_time = std::chrono::seconds(30);
  /// How long a connection that the server closes stays to read what the peer still sends, so that no reset
  /// overtakes the last answer.
  std::chrono::milliseconds linger_time = std::chrono::seconds(2);
  /// Connections at once; the next ones are answered 503 and closed.
  std::size_t connections = 10'000;
  /// Requests read ahead while a streamed answer is being sent; past it the peer is read no further and its
  /// disconnect shows when the next piece is sent.
  std::size_t pipelined_bytes = 65'536;
};

}  // namespace codelab::http::server
