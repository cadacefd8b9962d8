#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <vector>

namespace codelab::infra::redis {

/// One value of the Redis protocol (RESP2).
struct Reply {
  enum class Type : std::uint8_t { nil, integer, string, status, error, array };

  Type type = Type::nil;
  std::int64_t integer = 0;
  /// Of a string, a status or an error.
  std::string text = {};
  std::vector<Reply> elements = {};

  bool is_nil() const { return type == Type::nil; }
  bool is_array() const { return type == Type::array; }
};

/// Why a command has no answer.
struct Failure {
  enum class Kind : std::uint8_t {
    /// No connection; the command was not sent.
    away,
    /// The connection broke after the command was sent: whether it ran is unknown.
    lost,
    /// No answer before the deadline: whether it ran is unknown.
    timed_out,
    /// Too many commands wait for their answers; it was not sent.
    busy,
    /// The server answered with an error; it stands in `detail`.
    refused,
  };

  Kind kind = Kind::away;
  /// The server's or the transport's own words, for logs.
  std::string detail = {};
};

using Outcome = std::expected<Reply, Failure>;

}  // namespace codelab::infra::redis
