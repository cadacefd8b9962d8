#include "http/event_framing.hpp"

#include <array>

#include "base/describe/fields.hpp"
#include "http/accept.hpp"

namespace codelab::http {
namespace {

void append_server_sent(std::string& out, const core::events::StreamLine& line) {
  if (line.type != core::events::EventType::heartbeat) out.append("id: ").append(line.position.str()).append("\n");
  out.append("event: ").append(base::name_of(line.type)).append("\ndata: ").append(line.json).append("\n\n");
}

}  // namespace

EventFraming framing_of(std::string_view accept) {
  static constexpr std::array<std::string_view, 2> kOffers{"application/x-ndjson", "text/event-stream"};
  return best_offer(accept, kOffers) == 0 ? EventFraming::ndjson : EventFraming::server_sent_events;
}

std::string_view content_type_of(EventFraming framing) {
  return framing == EventFraming::ndjson ? "application/x-ndjson" : "text/event-stream";
}

std::string frame(EventFraming framing, const std::vector<core::events::LinePtr>& lines) {
  std::string out;
  for (const auto& line : lines) {
    if (framing == EventFraming::ndjson) {
      out.append(line->json).push_back('\n');
    } else {
      append_server_sent(out, *line);
    }
  }
  return out;
}

}  // namespace codelab::http
