#include "core/events/growing_text.hpp"

#include <algorithm>

#include "base/describe/encode.hpp"

namespace codelab::core::events {
namespace {

struct DeltaPayload {
  base::MessageId message_id;
  std::int64_t offset = 0;
  std::string_view text;

  static constexpr std::string_view kName = "DeltaPayload";
  static constexpr auto describe() {
    using base::field;
    return base::fields(field("message_id", &DeltaPayload::message_id), field("offset", &DeltaPayload::offset),
                        field("text", &DeltaPayload::text));
  }
};

}  // namespace

void GrowingTexts::begin(base::TaskId task, std::string agent, base::MessageId message, std::int64_t began) {
  end(task);
  texts_.push_back({.task = task, .agent = std::move(agent), .message = message, .began = began, .content = {}});
}

std::optional<std::int64_t> GrowingTexts::length_of(const base::TaskId& task, const base::MessageId& message) const {
  const auto found = std::ranges::find(texts_, task, &Text::task);
  if (found == texts_.end() || found->message != message) return std::nullopt;
  return static_cast<std::int64_t>(found->content.size());
}

bool GrowingTexts::append(const base::TaskId& task, std::string_view text, std::int64_t last_seq) {
  const auto found = std::ranges::find(texts_, task, &Text::task);
  if (found == texts_.end()) return false;
  const auto length = static_cast<std::int64_t>(text.size());
  if (!segments_.empty() && segments_.back().task == task && segments_.back().seq == last_seq) {
    segments_.back().length += length;
  } else {
    segments_.push_back({.seq = last_seq,
                         .begin = total_,
                         .length = length,
                         .task = task,
                         .offset = static_cast<std::int64_t>(found->content.size())});
  }
  found->content += text;
  total_ += length;
  return true;
}

void GrowingTexts::end(const base::TaskId& task) {
  std::erase_if(texts_, [&](const Text& text) { return text.task == task; });
  std::erase_if(segments_, [&](const Segment& segment) { return segment.task == task; });
  if (texts_.empty()) total_ = 0;
}

const GrowingTexts::Text& GrowingTexts::text_of(const base::TaskId& task) const {
  return *std::ranges::find(texts_, task, &Text::task);
}

TextDelta GrowingTexts::delta_of(const Segment& segment, std::int64_t skipped) const {
  const Text& text = text_of(segment.task);
  const DeltaPayload payload{.message_id = text.message,
                             .offset = segment.offset + skipped,
                             .text = std::string_view(text.content)
                                         .substr(static_cast<std::size_t>(segment.offset + skipped),
                                                 static_cast<std::size_t>(segment.length - skipped))};
  return {
      .position = {.seq = segment.seq, .delta = segment.begin + segment.length},
      .event = {
          .type = EventType::message_delta, .task = text.task, .agent = text.agent, .payload = base::encode(payload)}};
}

TextDelta GrowingTexts::last(std::size_t length) const {
  const Segment& segment = segments_.back();
  return delta_of(segment, segment.length - static_cast<std::int64_t>(length));
}

TextPiece GrowingTexts::last_piece(std::size_t length) const {
  const Segment& segment = segments_.back();
  const Text& text = text_of(segment.task);
  return {.task = text.task,
          .agent = text.agent,
          .message = text.message,
          .after_seq = segment.seq,
          .offset = std::ssize(text.content) - static_cast<std::int64_t>(length),
          .text = text.content.substr(text.content.size() - length)};
}

std::vector<TextDelta> GrowingTexts::after(Position since) const {
  std::vector<TextDelta> deltas;
  for (const Segment& segment : segments_) {
    if (Position{.seq = segment.seq, .delta = segment.begin + segment.length} <= since) continue;
    const std::int64_t seen = segment.seq == since.seq ? std::max<std::int64_t>(0, since.delta - segment.begin) : 0;
    deltas.push_back(delta_of(segment, seen));
  }
  return deltas;
}

std::vector<TextDelta> GrowingTexts::after_elsewhere(Position since) const {
  const bool alone = texts_.size() == 1 && texts_.front().began <= since.seq;
  const std::int64_t seen = alone && since.delta <= std::ssize(texts_.front().content) ? since.delta : 0;
  std::vector<TextDelta> deltas;
  for (const Segment& segment : segments_) {
    const std::int64_t skipped = std::max<std::int64_t>(0, seen - segment.offset);
    if (skipped < segment.length) deltas.push_back(delta_of(segment, skipped));
  }
  return deltas;
}

}  // namespace codelab::core::events
