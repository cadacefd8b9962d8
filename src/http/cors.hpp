#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "http/message.hpp"

namespace codelab::http {

/// Cross-origin rules (Fetch standard). An origin is allowed when it is listed; `*` allows any, without credentials,
/// which are not used here anyway: tokens travel in a header. Immutable: thread-safe.
class Cors {
 public:
  explicit Cors(std::vector<std::string> origins) : origins_(std::move(origins)) {}

  /// A preflight asks what may be sent before it is sent, so it carries no token and is answered before anybody is
  /// asked for one.
  static bool is_preflight(const Request& request);
  Response answer_preflight(const Request& request) const;
  /// Adds what lets the asking origin read the answer. Where that depends on the origin, a cache is told so, whoever
  /// asks.
  void allow(const Request& request, Response& response) const;

 private:
  /// Adds what the answer to `origin` begins with; false when it is not allowed.
  bool admit(std::string_view origin, Response& response) const;

  std::vector<std::string> origins_;
};

}  // namespace codelab::http
