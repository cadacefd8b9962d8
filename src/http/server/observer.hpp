#pragma once

#include <chrono>
#include <cstdint>

#include "http/message.hpp"

namespace codelab::http::server {

/// One answered request; answers that the connection made itself count too, with Method::other when the request was
/// not understood.
struct RequestRecord {
  Method method = Method::other;
  unsigned status = 0;
  /// As Response::route.
  std::size_t route = 0;
  std::uint64_t bytes_in = 0;
  /// With header and framing; less than the whole answer when the peer left.
  std::uint64_t bytes_out = 0;
  /// From the request's first byte to the answer's last; for a streamed answer to its header.
  std::chrono::nanoseconds duration{};
};

/// Hears what happens, on whichever core it happens: thread-safe, quick, never throws.
class ServerObserver {
 public:
  virtual ~ServerObserver() = default;
  virtual void connection_opened() noexcept = 0;
  virtual void connection_closed() noexcept = 0;
  virtual void request_done(const RequestRecord& record) noexcept = 0;
  virtual void stream_opened() noexcept = 0;
  virtual void stream_closed() noexcept = 0;
};

}  // namespace codelab::http::server
