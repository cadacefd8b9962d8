#pragma once

#include <vector>

#include "base/task.hpp"
#include "core/events/event.hpp"
#include "core/identity/user_scope.hpp"

/// What streams need from outside, and what they offer to stores.
namespace codelab::core::events {

/// Reads the log. Thread-safe; a store that is away throws.
class EventLog {
 public:
  virtual ~EventLog() = default;
  /// Of one read(): it ends with the event that reaches it.
  static constexpr std::size_t kMaxReadBytes = 1 << 20;

  /// Events after `after_seq` in order, at most `limit` and about kMaxReadBytes of payload; none only at the end of the
  /// stream, or for one that is not this user's.
  virtual base::Task<std::vector<Event>> read(identity::UserScope scope, StreamId stream, std::int64_t after_seq,
                                              std::int64_t limit) = 0;
  /// The seq of the newest event; 0 for an empty or a foreign stream.
  virtual base::Task<std::int64_t> last_seq(identity::UserScope scope, StreamId stream) = 0;
};

/// Writes to a user's own stream what changed outside of the store that keeps the log. Thread-safe; a store that is
/// away throws.
class OwnStream {
 public:
  virtual ~OwnStream() = default;
  /// When it returns the event is durable and was relayed. False, and nothing written, when there is no such user.
  virtual base::Task<bool> append(identity::UserScope scope, NewEvent event) = 0;
};

/// Told of each event once it is durable, in the order of the log, by the store that wrote it. Must return quickly.
/// Called on a store's own thread.
class EventRelay {
 public:
  virtual ~EventRelay() = default;
  virtual void committed(const Event& event) noexcept = 0;
};

}  // namespace codelab::core::events
