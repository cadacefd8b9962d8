#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json/fwd.hpp>

#include "core/models/ports.hpp"
#include "infra/openai/provider_error.hpp"
#include "infra/openai/sse_parser.hpp"
#include "infra/openai/utf8_joiner.hpp"

namespace codelab::infra::openai {

struct ChatAnswer {
  std::string text;
  std::string model;
  std::string finish_reason;
  std::vector<core::models::ToolCall> tool_calls;
  std::optional<core::models::TokenCounts> usage;
};

struct DecodeFailure {
  enum class Kind : std::uint8_t {
    /// Not what a chat completion looks like.
    garbage,
    /// The provider reported an error in place of an answer.
    provider_error,
    /// A bound is passed.
    too_large,
    /// The stream ended before the answer did.
    cut,
  };
  Kind kind = Kind::garbage;
  /// Public, except for a provider_error: that is in `provider`.
  std::string message;
  ProviderError provider;
};

/// Reads the body of a chat completion as it arrives, however it is split: an event stream, or one JSON document when
/// the server ignored `stream`. Knows no socket.
class ChatStreamDecoder {
 public:
  struct Limits {
    /// Of the answer's text, and of its tool calls.
    std::size_t max_answer_bytes = 1UL << 20;
    std::size_t max_tool_calls = 64;
    SseParser::Limits events = {};
  };
  enum class State : std::uint8_t { running, done, failed };

  explicit ChatStreamDecoder(Limits limits) : limits_(limits), parser_(limits.events) {}

  /// New text goes to `sink` in whole UTF-8 sequences, at most once a call. Bytes after the end are ignored.
  State feed(std::string_view bytes, core::models::TextSink& sink);
  /// The body ended in good order.
  State finish(core::models::TextSink& sink);
  /// The connection was lost: the answer counts as done when its finish_reason had come.
  State cut_off(core::models::TextSink& sink);

  State state() const { return state_; }
  /// The model has begun to answer or to reason; keep-alives and role-only chunks do not count.
  bool progressing() const { return progressing_; }
  const ChatAnswer& answer() const { return answer_; }
  /// Meaningful once failed.
  const DecodeFailure& failure() const { return failure_; }

 private:
  enum class Form : std::uint8_t { unknown, events, document };

  void take_bytes(std::string_view bytes);
  void take_events(std::vector<SseEvent>& events);
  void take_event(std::string_view data);
  void take_document();
  void end_stream();
  void take_chunk(const boost::json::object& chunk);
  void take_choice(const boost::json::value& value);
  void take_delta(const boost::json::object& delta);
  void take_content(const boost::json::value& content);
  void take_text(std::string_view text);
  void take_tool_calls(const boost::json::value& calls);
  void take_tool_call(const boost::json::object& part, std::size_t position);
  void take_usage(const boost::json::object& chunk);
  void complete();
  void fail(DecodeFailure::Kind kind, std::string message);
  State hand_over(core::models::TextSink& sink);

  Limits limits_;
  SseParser parser_;
  Utf8Joiner joiner_;
  Form form_ = Form::unknown;
  State state_ = State::running;
  std::string document_;
  /// Text of the current call that the sink has not got yet.
  std::string fresh_;
  bool saw_event_ = false;
  bool saw_choice_ = false;
  bool progressing_ = false;
  ChatAnswer answer_;
  std::size_t tool_call_bytes_ = 0;
  DecodeFailure failure_;
};

}  // namespace codelab::infra::openai
