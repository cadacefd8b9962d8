#include "core/events/event.hpp"

#include <charconv>

#include <fmt/format.h>

#include "core/events/public_event.hpp"

namespace codelab::core::events {
namespace {

constexpr std::size_t kMaxDigits = 15;

std::optional<std::int64_t> parse_digits(std::string_view text) {
  if (text.empty() || text.size() > kMaxDigits) return std::nullopt;
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value < 0) return std::nullopt;
  return value;
}

}  // namespace

std::string_view NewEvent::type_name() const {
  return type == EventType::foreign ? std::string_view(foreign_type) : base::name_of(type);
}

void NewEvent::set_type(std::string_view name) {
  const auto known = base::parse_enum<EventType>(name);
  type = known.value_or(EventType::foreign);
  foreign_type = known ? "" : name;
}

std::string Position::str() const {
  return delta == 0 ? fmt::format("{:010}", seq) : fmt::format("{:010}.{:010}", seq, delta);
}

std::optional<Position> Position::parse(std::string_view text) {
  const auto dot = text.find('.');
  const auto seq = parse_digits(text.substr(0, dot));
  if (!seq) return std::nullopt;
  if (dot == std::string_view::npos) return Position{.seq = *seq};
  const auto delta = parse_digits(text.substr(dot + 1));
  if (!delta) return std::nullopt;
  return Position{.seq = *seq, .delta = *delta};
}

std::string to_json(Position position, StreamId stream, const NewEvent& body, base::Timestamp at) {
  return base::encode(PublicEvent{
      .id = position.str(),
      .type = body.type_name(),
      .session_id = stream,
      .task_id = body.task,
      .agent = body.agent.empty() ? std::nullopt : std::optional(body.agent),
      .timestamp = at,
      .payload = {body.payload},
  });
}

}  // namespace codelab::core::events
