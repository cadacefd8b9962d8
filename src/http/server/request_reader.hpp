#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "http/message.hpp"
#include "http/server/limits.hpp"
#include "http/server/read_buffer.hpp"

namespace codelab::http::server {

/// Takes the bytes of one connection apart into requests, without doing any I/O itself. Stricter than the grammar
/// where leniency lets two servers disagree about where a request ends: bare line feeds, folded header lines, a
/// Content-Length that is repeated, listed or beside a Transfer-Encoding, a Transfer-Encoding that is repeated, empty
/// or HTTP/1.0's, and a missing or repeated Host are all malformed.
class RequestReader {
 public:
  enum class State : std::uint8_t {
    need_more,
    /// The client waits for `100 Continue` before it sends the body; told once.
    wants_continue,
    complete,
    /// See error_status(); nothing more can be read from this connection.
    failed,
  };

  explicit RequestReader(const ServerLimits& limits);
  ~RequestReader();
  RequestReader(const RequestReader&) = delete;
  RequestReader& operator=(const RequestReader&) = delete;

  /// Consumes from `input` what belongs to the current request.
  State advance(ReadBuffer& input);
  /// After `complete`: the request, all but its remote address. The next advance() begins the next request.
  Request take();

  /// Whether a byte of the current request was seen.
  bool started() const { return started_; }
  /// How many more bytes of the body are announced; 0 when that is unknown.
  std::uint64_t body_remaining() const;

  /// After `failed`: 400 malformed, 413 body, 414 request line, 431 header too large, 501 a transfer coding other than
  /// `chunked`, 505 an HTTP version other than 1.0 and 1.1.
  unsigned error_status() const { return error_status_; }
  /// Of the current request or, after take(), of the one taken.
  std::uint64_t bytes() const { return bytes_; }
  bool keep_alive() const { return keep_alive_; }
  bool is_http_1_0() const { return is_http_1_0_; }
  /// As far as it is known before take().
  Method method() const;
  /// The id the client gave, or a fresh one; also for a request that failed.
  std::string request_id() const;

 private:
  class Parser;

  void begin();
  State read_header(ReadBuffer& input);
  State read_body(ReadBuffer& input);
  void skip_empty_lines(ReadBuffer& input);
  State parse_header(ReadBuffer& input, std::size_t size);
  State fail(unsigned status);

  const ServerLimits& limits_;
  std::unique_ptr<Parser> parser_;
  std::size_t line_start_ = 0;
  std::size_t scanned_ = 0;
  std::uint64_t bytes_ = 0;
  unsigned error_status_ = 0;
  bool started_ = false;
  bool taken_ = true;
  bool keep_alive_ = false;
  bool is_http_1_0_ = false;
};

}  // namespace codelab::http::server
