#include "infra/openai/sse_parser.hpp"

#include <utility>

namespace codelab::infra::openai {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

}  // namespace

bool SseParser::feed(std::string_view bytes, std::vector<SseEvent>& events) {
  while (!bytes.empty() && !refused_) {
    if (std::exchange(skip_line_feed_, false) && bytes.front() == '\n') {
      bytes.remove_prefix(1);
      continue;
    }
    const auto end = bytes.find_first_of("\r\n");
    const std::string_view piece = bytes.substr(0, end);
    if (line_.size() + piece.size() > limits_.max_line_bytes) return refuse();
    if (end == std::string_view::npos) {
      line_.append(piece);
      break;
    }
    skip_line_feed_ = bytes[end] == '\r';
    bytes.remove_prefix(end + 1);
    if (!end_line(piece, events)) return refuse();
  }
  return !refused_;
}

bool SseParser::finish(std::vector<SseEvent>& events) {
  if (refused_) return false;
  if (!line_.empty() && !end_line({}, events)) return refuse();
  dispatch(events);
  return true;
}

bool SseParser::end_line(std::string_view rest, std::vector<SseEvent>& events) {
  if (line_.empty()) return take_line(rest, events);
  line_.append(rest);
  const bool taken = take_line(line_, events);
  line_.clear();
  return taken;
}

bool SseParser::take_line(std::string_view line, std::vector<SseEvent>& events) {
  if (std::exchange(at_start_, false) && line.starts_with(kByteOrderMark)) line.remove_prefix(kByteOrderMark.size());
  if (line.empty()) {
    dispatch(events);
    return true;
  }
  const auto colon = line.find(':');
  if (colon == std::string_view::npos) return take_field(line, {});
  std::string_view value = line.substr(colon + 1);
  if (value.starts_with(' ')) value.remove_prefix(1);
  return take_field(line.substr(0, colon), value);
}

bool SseParser::take_field(std::string_view name, std::string_view value) {
  if (name == "event") event_.type = value;
  if (name != "data") return true;
  if (has_data_) event_.data += '\n';
  has_data_ = true;
  if (event_.data.size() + value.size() > limits_.max_event_bytes) return false;
  event_.data.append(value);
  return true;
}

void SseParser::dispatch(std::vector<SseEvent>& events) {
  if (std::exchange(has_data_, false)) events.push_back(std::move(event_));
  event_ = {};
}

bool SseParser::refuse() {
  refused_ = true;
  return false;
}

}  // namespace codelab::infra::openai
