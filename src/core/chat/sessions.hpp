#pragma once

#include <string>

#include "base/clock.hpp"
#include "core/chat/ports.hpp"
#include "core/events/stream_hub.hpp"

namespace codelab::core::chat {

/// A user's chat sessions. Thread-safe. Errors: session_not_found.
class Sessions {
 public:
  Sessions(SessionStore& store, events::StreamHub& hub, const base::Clock& clock)
      : store_(store), hub_(hub), clock_(clock) {}

  base::Task<Session> create(identity::UserScope scope, std::string title);
  base::Task<Page<Session>> list(identity::UserScope scope, PageRequest page);
  base::Task<base::Result<Session>> find(identity::UserScope scope, base::SessionId session);
  base::Task<base::Result<Session>> rename(identity::UserScope scope, base::SessionId session, std::string title);
  /// Open streams of the session end.
  base::Task<base::Result<base::SessionId>> erase(identity::UserScope scope, base::SessionId session);

 private:
  SessionStore& store_;
  events::StreamHub& hub_;
  const base::Clock& clock_;
};

}  // namespace codelab::core::chat
