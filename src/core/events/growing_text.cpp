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

void GrowingTexts::begin(base::TaskId task, std::string agent, base::MessageId message) {
  end(message);
  texts_.push_back({.task = task, .agent = std::move(agent), .message = message, .content = {}});
}

std::optional<std::int64_t> GrowingTexts::length_of(const base::MessageId& message) const {
  const auto found = std::ranges::find(texts_, message, &Text::message);
  if (found == texts_.end()) return std::nullopt;
  return std::ssize(found->content);
}

Position GrowingTexts::behind(std::int64_t seq) const {
  const bool anew = texts_.empty() && seq > end_.seq;
  return {.seq = std::max(seq, end_.seq), .delta = anew ? 0 : end_.delta};
}

bool GrowingTexts::append(const base::MessageId& message, std::string_view text, Position place) {
  const auto found = std::ranges::find(texts_, message, &Text::message);
  if (found == texts_.end()) return false;
  const std::int64_t length = std::ssize(text);
  const bool goes_on = !segments_.empty() && segments_.back().message == message && segments_.back().end() == place;
  if (goes_on) {
    segments_.back().length += length;
  } else {
    segments_.push_back({.seq = place.seq,
                         .begin = place.delta,
                         .length = length,
                         .message = message,
                         .offset = std::ssize(found->content)});
  }
  found->content += text;
  end_ = std::max(end_, segments_.back().end());
  return true;
}

void GrowingTexts::end(const base::MessageId& message) {
  std::erase_if(texts_, [&](const Text& text) { return text.message == message; });
  std::erase_if(segments_, [&](const Segment& segment) { return segment.message == message; });
}

void GrowingTexts::end_of(const base::TaskId& task) {
  for (auto found = std::ranges::find(texts_, task, &Text::task); found != texts_.end();
       found = std::ranges::find(texts_, task, &Text::task)) {
    end(base::MessageId{found->message});
  }
}

void GrowingTexts::clear() {
  texts_.clear();
  segments_.clear();
}

const GrowingTexts::Text& GrowingTexts::text_of(const base::MessageId& message) const {
  return *std::ranges::find(texts_, message, &Text::message);
}

TextDelta GrowingTexts::delta_of(const Segment& segment, std::int64_t skipped) const {
  const Text& text = text_of(segment.message);
  const DeltaPayload payload{.message_id = text.message,
                             .offset = segment.offset + skipped,
                             .text = std::string_view(text.content)
                                         .substr(static_cast<std::size_t>(segment.offset + skipped),
                                                 static_cast<std::size_t>(segment.length - skipped))};
  return {
      .position = segment.end(),
      .message = text.message,
      .event = {
          .type = EventType::message_delta, .task = text.task, .agent = text.agent, .payload = base::encode(payload)}};
}

TextDelta GrowingTexts::last(std::size_t length) const {
  const Segment& segment = segments_.back();
  return delta_of(segment, segment.length - static_cast<std::int64_t>(length));
}

std::vector<TextDelta> GrowingTexts::after(Position since) const {
  std::vector<TextDelta> deltas;
  for (const Segment& segment : segments_) {
    if (segment.end() <= since) continue;
    const std::int64_t seen = segment.seq == since.seq ? std::max<std::int64_t>(0, since.delta - segment.begin) : 0;
    deltas.push_back(delta_of(segment, seen));
  }
  return deltas;
}

}  // namespace codelab::core::events
