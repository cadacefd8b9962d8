#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "core/events/stream_bus.hpp"

namespace codelab::infra::redis {

/// The channel that every core of every process hears: something was published to a stream and did not come, and
/// nobody knows any more to which.
inline constexpr std::string_view kEverybody = "codelab:everybody";

/// The names of one stream in Redis; they share their user's slot.
struct StreamNames {
  base::UserId user;
  core::events::StreamId stream;

  std::string channel() const { return name("channel"); }
  std::string events() const { return name("events"); }
  /// How far the stream is.
  std::string place() const { return name("place"); }
  std::string cuts() const { return name("cuts"); }
  /// What the names of its texts begin with.
  std::string texts() const { return name("text:"); }
  std::string text(const base::MessageId& message) const { return texts() + message.str(); }

  static std::optional<StreamNames> of_channel(std::string_view channel);

 private:
  std::string name(std::string_view last) const;
};

/// There are events up to this one.
struct Tip {
  std::int64_t seq = 0;
};

/// What readers of that user may see has changed.
struct AccessChange {};

/// What is published to a stream's channel and kept in its buffer.
struct StreamMessage {
  /// The process that published it.
  std::string origin;
  /// Nothing: of a kind that this version does not know.
  std::variant<std::monostate, core::events::Event, core::events::TextPiece, Tip, AccessChange> content;
};

std::string encode_message(std::string_view origin, const core::events::Event& event);
/// The text is its end, byte for byte. Where it is placed, "<seq> <delta> " is put before it.
std::string encode_message(std::string_view origin, const core::events::TextPiece& piece);
std::string encode_message(std::string_view origin, Tip tip);
std::string encode_message(std::string_view origin, AccessChange change);
/// `names` are those of the channel or buffer that it came from.
StreamMessage decode_message(const StreamNames& names, std::string_view message);

/// A piece without its text and its place: "<task> <message> <offset> <agent>".
std::string encode_cut(const core::events::TextPiece& piece);
/// Where a segment of a growing text begins: "<seq> <delta> " before the cut. The piece without its text.
std::optional<core::events::TextPiece> decode_placed_cut(std::string_view cut);

}  // namespace codelab::infra::redis
