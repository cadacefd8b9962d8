#pragma once

#include <chrono>

#include "core/chat/sessions.hpp"
#include "core/events/stream_reader.hpp"
#include "http/api_request.hpp"

namespace codelab::http::handlers {

/// GET /my/sse/{session_id}: a session's events, live, resumable.
class StreamHandler {
 public:
  StreamHandler(core::chat::Sessions& sessions, core::events::StreamReader::Ports ports,
                std::chrono::milliseconds heartbeat)
      : sessions_(sessions), ports_(ports), heartbeat_(heartbeat) {}

  base::Task<Response> follow(UserRequest request);

 private:
  core::chat::Sessions& sessions_;
  core::events::StreamReader::Ports ports_;
  std::chrono::milliseconds heartbeat_;
};

}  // namespace codelab::http::handlers
