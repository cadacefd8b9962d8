#pragma once

#include "core/chat/sessions.hpp"
#include "core/events/stream_reader.hpp"
#include "core/identity/authenticator.hpp"

namespace codelab::core::chat {

/// Opens the streams of chat sessions. Thread-safe; a store that is away throws.
class SessionStreams {
 public:
  struct Ports {
    Sessions& sessions;
    identity::AuthSessions& logins;
    events::StreamReader::Ports stream;
  };

  explicit SessionStreams(Ports ports) : ports_(ports) {}

  /// A reader, used on the executor of whoever awaits this. It ends with its session and with the login of `who`, even
  /// when that happens while it is being opened. Errors: session_not_found, token_invalid.
  base::Task<base::Result<events::StreamReader>> open(identity::Identity who, base::SessionId session,
                                                      events::StreamReader::Options options);

 private:
  static base::Task<bool> may_read(Ports ports, identity::Identity who, base::SessionId session);

  Ports ports_;
};

}  // namespace codelab::core::chat
