#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "core/events/stream_bus.hpp"

namespace codelab::infra::redis {

/// The names of one stream in Redis; they share their user's slot.
struct StreamNames {
  base::UserId user;
  core::events::StreamId stream;

  std::string channel() const { return name("channel"); }
  std::string events() const { return name("events"); }
  std::string cuts() const { return name("cuts"); }
  std::string text(const base::TaskId& task) const { return name("text:" + task.str()); }

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
/// The text is its end, byte for byte.
std::string encode_message(std::string_view origin, const core::events::TextPiece& piece);
std::string encode_message(std::string_view origin, Tip tip);
std::string encode_message(std::string_view origin, AccessChange change);
/// `names` are those of the channel or buffer that it came from.
StreamMessage decode_message(const StreamNames& names, std::string_view message);

/// Where a segment of a growing text begins: "<task> <after_seq> <offset> <message> <agent>".
std::string encode_cut(const core::events::TextPiece& piece);
/// The piece without its text.
std::optional<core::events::TextPiece> decode_cut(std::string_view cut);

}  // namespace codelab::infra::redis
