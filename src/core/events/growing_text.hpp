#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/events/event.hpp"

namespace codelab::core::events {

/// A stretch of a growing text: what a reader gets as one MESSAGE_DELTA.
struct TextDelta {
  /// Where its end stands in the stream.
  Position position;
  base::MessageId message;
  NewEvent event;
};

/// The answers that models write into one stream right now, in the order in which their pieces came, each piece
/// between the logged events that it came between. A reader who stopped anywhere gets exactly the rest. Pieces of one
/// text with nothing between them are kept as one: the cost is O(1) a token, however long the text. A text is dropped
/// when its message is in the log. Not thread-safe: its stream's lock guards it.
class GrowingTexts {
 public:
  bool empty() const { return texts_.empty(); }
  /// Where the next piece begins that comes behind logged event `seq` and all pieces so far. Its delta is 0 again once
  /// no text grows and an event has come behind the last piece, so that a position never comes twice.
  Position behind(std::int64_t seq) const;

  void begin(base::TaskId task, std::string agent, base::MessageId message);
  /// Of that message's text so far; nullopt when it has none here.
  std::optional<std::int64_t> length_of(const base::MessageId& message) const;
  /// At `place`, which is behind all that came before; its delta is where the piece begins. False for a message
  /// without a text.
  bool append(const base::MessageId& message, std::string_view text, Position place);
  void end(const base::MessageId& message);
  /// Whichever texts a task has.
  void end_of(const base::TaskId& task);
  void clear();

  /// The piece that append() added last, `length` bytes of it.
  TextDelta last(std::size_t length) const;
  /// Everything after `since`, in order.
  std::vector<TextDelta> after(Position since) const;

 private:
  struct Text {
    base::TaskId task;
    std::string agent;
    base::MessageId message;
    std::string content;
  };
  struct Segment {
    std::int64_t seq;
    /// Among the delta bytes of the stream.
    std::int64_t begin;
    std::int64_t length;
    base::MessageId message;
    /// Inside its text.
    std::int64_t offset;

    Position end() const { return {.seq = seq, .delta = begin + length}; }
  };

  const Text& text_of(const base::MessageId& message) const;
  /// `segment` without its first `skipped` bytes.
  TextDelta delta_of(const Segment& segment, std::int64_t skipped) const;

  std::vector<Text> texts_;
  std::vector<Segment> segments_;
  /// Of the piece that stands last among all that came, its end.
  Position end_;
};

}  // namespace codelab::core::events
