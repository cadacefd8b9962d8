#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/events/stream_bus.hpp"

namespace codelab::core::events {

/// A stretch of a growing text: what a reader gets as one MESSAGE_DELTA.
struct TextDelta {
  /// Where its end stands in the stream.
  Position position;
  NewEvent event;
};

/// The answers that models write into one stream right now, in the order in which their pieces came, each piece
/// between the logged events that it came between. A reader who stopped anywhere gets exactly the rest. Pieces of one
/// text with nothing between them are kept as one: the cost is O(1) a token, however long the text. A text is dropped
/// when its message is in the log. Not thread-safe: its stream's lock guards it.
class GrowingTexts {
 public:
  bool empty() const { return texts_.empty(); }
  /// Delta bytes so far; 0 again when no text grows.
  std::int64_t total() const { return total_; }

  /// `began`: the stream's last logged event then. A text that the task had before is given up: it began anew.
  void begin(base::TaskId task, std::string agent, base::MessageId message, std::int64_t began);
  /// Length of that task's text so far; nullopt when it has none here.
  std::optional<std::int64_t> length_of(const base::TaskId& task, const base::MessageId& message) const;
  /// False for a task without a text. `last_seq` is the stream's last logged event.
  bool append(const base::TaskId& task, std::string_view text, std::int64_t last_seq);
  void end(const base::TaskId& task);

  /// The piece that append() added last, `length` bytes of it.
  TextDelta last(std::size_t length) const;
  /// The same for other processes.
  TextPiece last_piece(std::size_t length) const;
  /// Everything after `since`, in order, for a `since` that was read here.
  std::vector<TextDelta> after(Position since) const;
  /// The same for one that may have been read in another process, where events and pieces stood in another order: of a
  /// text that grows alone, what its offset says; of several, all of each. Nothing is left out.
  std::vector<TextDelta> after_elsewhere(Position since) const;

 private:
  struct Text {
    base::TaskId task;
    std::string agent;
    base::MessageId message;
    std::int64_t began = 0;
    std::string content;
  };
  struct Segment {
    std::int64_t seq;
    /// Among the delta bytes of the stream.
    std::int64_t begin;
    std::int64_t length;
    base::TaskId task;
    /// Inside its text.
    std::int64_t offset;
  };

  const Text& text_of(const base::TaskId& task) const;
  /// `segment` without its first `skipped` bytes.
  TextDelta delta_of(const Segment& segment, std::int64_t skipped) const;

  std::vector<Text> texts_;
  std::vector<Segment> segments_;
  std::int64_t total_ = 0;
};

}  // namespace codelab::core::events
