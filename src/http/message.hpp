#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/task.hpp"

namespace codelab::http {

enum class Method : std::uint8_t { get, head, post, put, patch, del, options, other };

std::string_view to_string(Method method);

/// Header fields in the order of the wire; names compare without case.
class Headers {
 public:
  void add(std::string name, std::string value);
  /// Replaces every field of that name.
  void set(std::string_view name, std::string value);
  /// The first value of that name; empty when there is none.
  std::string_view get(std::string_view name) const;
  bool contains(std::string_view name) const;
  /// All values of that name as one list, as a field that may stand on several lines means it.
  std::string joined(std::string_view name) const;

  auto begin() const { return fields_.begin(); }
  auto end() const { return fields_.end(); }

 private:
  std::vector<std::pair<std::string, std::string>> fields_;
};

struct Request {
  Method method = Method::other;
  /// As it came, path and query.
  std::string target;
  Headers headers;
  std::string body;
  /// The peer's address, without port.
  std::string remote_address;
  /// The client's `X-Request-Id` when it is 1-128 of [A-Za-z0-9._-], else a fresh UUID.
  std::string request_id;
};

/// A body that is produced while it is sent. Used by one connection, on that connection's executor.
class BodyStream {
 public:
  virtual ~BodyStream() = default;
  /// Waits for the next piece and returns it; nullopt is the end. It is never called again after the end or close().
  virtual base::Task<std::optional<std::string>> next() = 0;
  /// The peer is gone or the server is draining: a waiting next() must return soon. Called at most once, on the
  /// connection's executor.
  virtual void close() noexcept = 0;
};

struct Response {
  unsigned status = 200;
  Headers headers;
  /// Sent with Content-Length when `stream` is null.
  std::string body;
  /// Sent chunked, each piece flushed at once.
  std::shared_ptr<BodyStream> stream;
  /// Which route answered, for metrics: its place in the route table and one more; 0 when none did.
  std::size_t route = 0;
};

/// What the connection hands every complete request to. One call per request; calls of one connection never overlap.
class RequestHandler {
 public:
  virtual ~RequestHandler() = default;
  /// Never throws: an answer for everything.
  virtual base::Task<Response> handle(Request request) = 0;
  /// An answer made by the connection itself (400 bad framing, 408, 413, 414, 431, 501, 503, 505), so that every error
  /// looks alike.
  virtual Response connection_error(unsigned status, std::string_view request_id) = 0;
};

}  // namespace codelab::http
