#include "infra/redis/stream_message.hpp"

#include <charconv>
#include <tuple>
#include <vector>

#include <fmt/format.h>

namespace codelab::infra::redis {
namespace {

using core::events::Event;
using core::events::EventType;
using core::events::TextPiece;

constexpr std::string_view kEvent = "event";
constexpr std::string_view kText = "text";
constexpr std::string_view kTip = "tip";
constexpr std::string_view kAccess = "access";

/// Each field but the last as "<length>:<bytes>"; the last goes on to the end.
std::string joined(std::initializer_list<std::string_view> fields, std::string_view last) {
  std::string out;
  for (const std::string_view field : fields) fmt::format_to(std::back_inserter(out), "{}:{}", field.size(), field);
  out += last;
  return out;
}

template <class T>
bool read_number(std::string_view text, T& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} && end == text.data() + text.size();
}

/// Takes the next field off `text`.
std::optional<std::string_view> take_field(std::string_view& text) {
  const auto colon = text.find(':');
  std::size_t size = 0;
  if (colon == std::string_view::npos || !read_number(text.substr(0, colon), size)) return std::nullopt;
  text.remove_prefix(colon + 1);
  if (size > text.size()) return std::nullopt;
  const auto field = text.substr(0, size);
  text.remove_prefix(size);
  return field;
}

std::optional<std::vector<std::string_view>> take_fields(std::string_view& text, std::size_t count) {
  std::vector<std::string_view> fields;
  for (std::size_t i = 0; i < count; ++i) {
    const auto field = take_field(text);
    if (!field) return std::nullopt;
    fields.push_back(*field);
  }
  return fields;
}

std::optional<Event> decode_event(const StreamNames& names, std::string_view text) {
  const auto fields = take_fields(text, 5);
  if (!fields) return std::nullopt;
  const auto& [seq, at, type, task, agent] =
      std::tie((*fields)[0], (*fields)[1], (*fields)[2], (*fields)[3], (*fields)[4]);
  Event event{.user = names.user, .stream = names.stream, .body = {.type = EventType::error}, .at = {}};
  std::int64_t micros = 0;
  if (!read_number(seq, event.seq) || !read_number(at, micros)) return std::nullopt;
  event.at = base::from_micros(micros);
  event.body.set_type(type);
  if (!task.empty()) event.body.task = base::TaskId::parse(task);
  event.body.agent = agent;
  event.body.payload = text;
  return event;
}

/// The word up to the next blank; the last one goes on to the end.
std::string_view take_word(std::string_view& text) {
  const auto blank = text.find(' ');
  const auto word = text.substr(0, blank);
  text.remove_prefix(blank == std::string_view::npos ? text.size() : blank + 1);
  return word;
}

bool take_place(std::string_view& text, core::events::Position& place) {
  return read_number(take_word(text), place.seq) && read_number(take_word(text), place.delta);
}

std::optional<TextPiece> decode_cut(std::string_view cut) {
  const auto task = base::TaskId::parse(take_word(cut));
  const auto message = base::MessageId::parse(take_word(cut));
  TextPiece piece;
  if (!task || !message || !read_number(take_word(cut), piece.offset)) return std::nullopt;
  piece.task = *task;
  piece.message = *message;
  piece.agent = cut;
  return piece;
}

std::optional<TextPiece> decode_text(core::events::Position place, std::string_view text) {
  const auto fields = take_fields(text, 1);
  if (!fields) return std::nullopt;
  auto piece = decode_cut(fields->front());
  if (!piece) return std::nullopt;
  piece->place = place;
  piece->text = text;
  return piece;
}

}  // namespace

std::string StreamNames::name(std::string_view last) const {
  return fmt::format("codelab:{{{}}}:stream:{}:{}", user.str(), stream.str(), last);
}

std::optional<StreamNames> StreamNames::of_channel(std::string_view channel) {
  const auto open = channel.find('{');
  const auto close = channel.find('}');
  const std::string_view between = "}:stream:";
  if (open == std::string_view::npos || close == std::string_view::npos || close < open) return std::nullopt;
  const auto user = base::UserId::parse(channel.substr(open + 1, close - open - 1));
  channel.remove_prefix(close);
  if (!user || !channel.starts_with(between)) return std::nullopt;
  channel.remove_prefix(between.size());
  const auto stream = core::events::StreamId::parse(channel.substr(0, channel.find(':')));
  if (!stream) return std::nullopt;
  return StreamNames{*user, *stream};
}

std::string encode_message(std::string_view origin, const Event& event) {
  return joined({origin, kEvent, std::to_string(event.seq), std::to_string(base::to_micros(event.at)),
                 event.body.type_name(), event.body.task ? event.body.task->str() : "", event.body.agent},
                event.body.payload);
}

std::string encode_message(std::string_view origin, const TextPiece& piece) {
  return joined({origin, kText, encode_cut(piece)}, piece.text);
}

std::string encode_message(std::string_view origin, Tip tip) { return joined({origin, kTip}, std::to_string(tip.seq)); }

std::string encode_message(std::string_view origin, AccessChange) { return joined({origin, kAccess}, ""); }

StreamMessage decode_message(const StreamNames& names, std::string_view message) {
  StreamMessage decoded;
  core::events::Position place;
  // A field begins with its length and a colon, a place with a number and a blank.
  const bool placed = message.find(' ') < message.find(':');
  if (placed && !take_place(message, place)) return decoded;
  const auto head = take_fields(message, 2);
  if (!head) return decoded;
  decoded.origin = head->front();
  const std::string_view kind = head->back();
  Tip tip;
  if (kind == kEvent) {
    if (auto event = decode_event(names, message)) decoded.content = std::move(*event);
  } else if (kind == kText && placed) {
    if (auto piece = decode_text(place, message)) decoded.content = std::move(*piece);
  } else if (kind == kTip && read_number(message, tip.seq)) {
    decoded.content = tip;
  } else if (kind == kAccess) {
    decoded.content = AccessChange{};
  }
  return decoded;
}

std::string encode_cut(const TextPiece& piece) {
  return fmt::format("{} {} {} {}", piece.task.str(), piece.message.str(), piece.offset, piece.agent);
}

std::optional<TextPiece> decode_placed_cut(std::string_view cut) {
  core::events::Position place;
  if (!take_place(cut, place)) return std::nullopt;
  auto piece = decode_cut(cut);
  if (piece) piece->place = place;
  return piece;
}

}  // namespace codelab::infra::redis
