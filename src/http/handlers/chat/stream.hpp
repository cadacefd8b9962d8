#pragma once

#include <chrono>

#include "core/chat/session_streams.hpp"
#include "http/api_request.hpp"

namespace codelab::http::handlers {

/// GET /my/sse/{session_id}: a session's events, live, resumable.
class StreamHandler {
 public:
  StreamHandler(core::chat::SessionStreams& streams, std::chrono::milliseconds heartbeat)
      : streams_(streams), heartbeat_(heartbeat) {}

  base::Task<Response> follow(UserRequest request);

 private:
  core::chat::SessionStreams& streams_;
  std::chrono::milliseconds heartbeat_;
};

}  // namespace codelab::http::handlers
