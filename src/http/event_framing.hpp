#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/events/subscription.hpp"

namespace codelab::http {

enum class EventFraming : std::uint8_t { ndjson, server_sent_events };

/// `text/event-stream` when Accept prefers it; NDJSON otherwise.
EventFraming framing_of(std::string_view accept);
std::string_view content_type_of(EventFraming framing);

/// NDJSON: one line each. Server-sent events: `id`, `event` and `data` fields; an event without place in the log
/// (HEARTBEAT) has no id, so a browser's Last-Event-ID stays true.
std::string frame(EventFraming framing, const std::vector<core::events::LinePtr>& lines);

}  // namespace codelab::http
