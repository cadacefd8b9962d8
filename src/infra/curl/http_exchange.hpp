#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace codelab::infra::curl {

struct HttpHeader {
  std::string name;
  std::string value;
};

/// A request to the outside. Timeouts of zero do not apply.
struct HttpRequest {
  std::string method = "GET";
  /// http or https only.
  std::string url;
  std::vector<HttpHeader> headers;
  std::string body;
  /// From the call to the last byte.
  std::chrono::milliseconds total_timeout{120'000};
  /// Name look-up, connection and TLS handshake.
  std::chrono::milliseconds connect_timeout{10'000};
  /// From the call to the first byte of the answer's body, or until the sink says `flowing`.
  std::chrono::milliseconds first_byte_timeout{60'000};
  /// Without a single byte, once the answer flows.
  std::chrono::milliseconds idle_timeout{60'000};
  std::size_t max_response_bytes = 16UL << 20;
};

enum class Flow : std::uint8_t {
  /// Bytes came, but not yet what the caller waits for: the first-byte timeout goes on.
  waiting,
  flowing,
  /// The caller has seen enough: the transfer is broken off and ends as `stopped`.
  stop,
};

/// Receives the body of a 2xx answer as it arrives, on the client's event loop. What it throws breaks the transfer
/// off and comes out of perform().
class ChunkSink {
 public:
  virtual ~ChunkSink() = default;
  virtual Flow on_chunk(std::string_view bytes) = 0;
};

enum class Ending : std::uint8_t {
  complete,
  /// No usable connection, or it was lost before any byte of the answer.
  connect_failed,
  connect_timeout,
  first_byte_timeout,
  idle_timeout,
  total_timeout,
  /// The connection was lost in the middle of the answer.
  cut,
  /// More than max_response_bytes, or absurdly long headers.
  too_large,
  stopped,
  /// Another attempt would end the same: a bad URL, a certificate that nobody trusts.
  rejected,
};

std::string_view to_string(Ending ending);

struct HttpOutcome {
  Ending ending = Ending::connect_failed;
  /// 0 until the status line came.
  int status = 0;
  /// Names in lower case.
  std::vector<HttpHeader> headers;
  /// Empty when a sink took it; of an answer that is not 2xx only the first 256 KiB.
  std::string body;
  /// The transport's own words, for logs: may name hosts and addresses, so it is not public.
  std::string detail;

  /// The first header of this name (given in lower case).
  std::optional<std::string_view> header(std::string_view name) const;
};

}  // namespace codelab::infra::curl
