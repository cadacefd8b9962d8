#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "infra/openai/sse_parser.hpp"

namespace {

using codelab::infra::openai::SseEvent;
using codelab::infra::openai::SseParser;

struct Parsed {
  bool good = true;
  std::vector<SseEvent> events;
};

/// However the stream is split, the events must be the same.
Parsed parse(std::string_view stream, std::size_t piece) {
  SseParser parser({.max_line_bytes = 64, .max_event_bytes = 128});
  Parsed parsed;
  while (!stream.empty() && parsed.good) {
    parsed.good = parser.feed(stream.substr(0, piece), parsed.events);
    stream.remove_prefix(std::min(piece, stream.size()));
  }
  if (parsed.good) parsed.good = parser.finish(parsed.events);
  return parsed;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view stream(reinterpret_cast<const char*>(data) + 1, size - 1);
  const Parsed whole = parse(stream, stream.size() + 1);
  const Parsed split = parse(stream, 1 + data[0] % 16);
  if (whole.good != split.good || whole.events.size() != split.events.size()) std::abort();
  for (std::size_t i = 0; i < whole.events.size(); ++i) {
    if (whole.events[i].data != split.events[i].data || whole.events[i].type != split.events[i].type) std::abort();
    if (whole.events[i].data.size() > 128) std::abort();
  }
  return 0;
}
