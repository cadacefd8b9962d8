#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace codelab::infra::openai {

struct SseEvent {
  /// The `event` field; empty when there was none.
  std::string type;
  /// The `data` lines, joined by line feeds.
  std::string data;
};

/// Incremental parser of text/event-stream (WHATWG HTML, 9.2): lines end in LF, CR or CRLF, wherever the bytes are
/// split. `id`, `retry`, comments and unknown fields are skipped.
class SseParser {
 public:
  struct Limits {
    std::size_t max_line_bytes = 1UL << 20;
    /// Of one event's data.
    std::size_t max_event_bytes = 4UL << 20;
  };

  SseParser() : SseParser(Limits{}) {}
  explicit SseParser(Limits limits) : limits_(limits) {}

  /// Appends the events that `bytes` complete. false: a bound is passed, and nothing more will come of this stream.
  bool feed(std::string_view bytes, std::vector<SseEvent>& events);
  /// The stream has ended: appends an event whose closing blank line never came.
  bool finish(std::vector<SseEvent>& events);

 private:
  bool end_line(std::string_view rest, std::vector<SseEvent>& events);
  bool take_line(std::string_view line, std::vector<SseEvent>& events);
  bool take_field(std::string_view name, std::string_view value);
  void dispatch(std::vector<SseEvent>& events);
  bool refuse();

  Limits limits_;
  std::string line_;
  SseEvent event_;
  bool has_data_ = false;
  bool at_start_ = true;
  bool skip_line_feed_ = false;
  bool refused_ = false;
};

}  // namespace codelab::infra::openai
