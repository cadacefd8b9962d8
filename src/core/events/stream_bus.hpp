#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/task.hpp"
#include "core/events/event.hpp"
#include "core/identity/user_scope.hpp"

/// How the processes of one deployment tell each other what happens in their streams.
///
/// The bus is a shortcut to the event log and never the truth. What it carries may be lost, and may come twice. So that
/// nothing is missed for good and nothing is shown twice:
///  - Every event carries its seq. A reader passes on the one after its last, drops what it has, and reads a hole from
///    the log.
///  - A hole behind which nothing comes cannot be seen. Whenever the bus may have lost the end of a stream it says so
///    (BusListener::events_missed), and the reader asks the log.
///  - While is_live() is false nothing may come at all: readers ask the log from time to time. They do so with each
///    heartbeat too, for a process that died between its commit and its publishing.
///  - A piece of a growing text carries its offset in that text. A receiver drops the bytes it has. A text with a hole
///    is given up until its message is in the log; what its readers saw stays true.
///  - What the log told a reader may be ahead of the bus. A piece that stands before it, or behind the end of its text,
///    comes too late for that reader, who gives the text up.
///  - The bus is what gives the events and pieces of a stream their one order: everybody who follows a stream, the
///    publisher too, shows it in the order in which the bus brings it. So a position in a stream means the same in
///    every process.
namespace codelab::core::events {

/// These events carry a text's message, or say that there will be none, or that it begins anew.
constexpr bool ends_text(EventType type) {
  return type == EventType::message_created || type == EventType::task_started || type == EventType::task_completed ||
         type == EventType::task_failed || type == EventType::task_cancelled;
}

/// Some bytes of an answer that a model writes right now.
struct TextPiece {
  base::TaskId task;
  /// The agent's name.
  std::string agent;
  base::MessageId message;
  /// Where it begins in the stream: behind which event, and behind how many bytes of growing texts. Given by the bus;
  /// its publisher fills in the last event that it knows.
  Position place;
  /// Where its first byte stands in its text.
  std::int64_t offset = 0;
  std::string text;
};

/// Told of what is published to the streams that this process follows, its own included. Called on any core's thread,
/// one stream always on the same; must return quickly.
class BusListener {
 public:
  virtual ~BusListener() = default;
  virtual void event_arrived(const Event& event) noexcept = 0;
  virtual void text_arrived(const base::UserId& user, StreamId stream, const TextPiece& piece) noexcept = 0;
  /// Events of this stream may not have come: all up to `up_to` are in the log, or, without it, the log knows.
  virtual void events_missed(const base::UserId& user, StreamId stream, std::optional<std::int64_t> up_to) noexcept = 0;
  /// A login of this user has ended, or a session is gone, or all of it. May not come: look from time to time.
  virtual void access_changed(const base::UserId& user) noexcept = 0;
};

/// A stream is followed as long as one of these for it exists. May be destroyed on any thread.
class Follow {
 public:
  virtual ~Follow() = default;
};

/// Thread-safe. Publishing never waits: what cannot be sent is dropped and made good by events_missed(), at once in
/// this process, elsewhere as soon as that can be sent.
class StreamBus {
 public:
  struct Following {
    std::unique_ptr<Follow> hold;
    /// Everything published from now on arrives. If not, the bus is away: events_missed() comes when it is back.
    bool live = false;
  };
  /// What was published lately.
  struct Recent {
    /// Consecutive, the newest last; the log may hold newer ones, and older ones anyway.
    std::vector<Event> events;
    /// The texts that grow, cut where events came between, in the order of their places and from the beginning.
    std::vector<TextPiece> texts;
  };

  virtual ~StreamBus() = default;

  /// An event that is durable, in the order of the log. An event of a text's end forgets the text.
  virtual void publish(const Event& event) noexcept = 0;
  virtual void publish_text(const base::UserId& user, StreamId stream, TextPiece piece) noexcept = 0;
  /// Arrives once, later if need be, where the user's own stream is followed.
  virtual void publish_access_change(const base::UserId& user) noexcept = 0;

  /// Asked for before the log is read: what is committed after that read then arrives.
  virtual base::Task<Following> follow(identity::UserScope scope, StreamId stream) = 0;
  /// Empty when the bus is away, or nothing was published for some minutes.
  virtual base::Task<Recent> recent(identity::UserScope scope, StreamId stream) = 0;
  /// False: what others publish to this user's streams does not arrive at present.
  virtual bool is_live(const base::UserId& user) const noexcept = 0;
};

}  // namespace codelab::core::events
