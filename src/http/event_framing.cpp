#include "http/event_framing.hpp"

#include <boost/algorithm/string/find.hpp>

#include "base/describe/fields.hpp"

namespace codelab::http {
namespace {

void append_server_sent(std::string& out, const core::events::StreamLine& line) {
  if (line.type != core::events::EventType::heartbeat) out.append("id: ").append(line.position.str()).append("\n");
  out.append("event: ").append(base::name_of(line.type)).append("\ndata: ").append(line.json).append("\n\n");
}

}  // namespace

EventFraming framing_of(std::string_view accept) {
  const auto events = boost::algorithm::ifind_first(accept, "text/event-stream");
  const auto ndjson = boost::algorithm::ifind_first(accept, "application/x-ndjson");
  const bool wants_events = !events.empty() && (ndjson.empty() || events.begin() < ndjson.begin());
  return wants_events ? EventFraming::server_sent_events : EventFraming::ndjson;
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
