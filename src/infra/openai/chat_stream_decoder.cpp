#include "infra/openai/chat_stream_decoder.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include <boost/json.hpp>
#include <fmt/format.h>

namespace codelab::infra::openai {
namespace json = boost::json;
using Kind = DecodeFailure::Kind;

namespace {

/// JSON may spend six bytes on one of text, and the rest of the document is small.
constexpr std::size_t kDocumentBytesPerTextByte = 6;
constexpr std::size_t kDocumentOverhead = 64UL << 10;

json::parse_options tolerant() {
  json::parse_options options;
  // Characters cut in two are joined again later.
  options.allow_invalid_utf8 = true;
  return options;
}

/// nullptr when it is absent or null.
const json::value* find(const json::object& object, std::string_view name) {
  const json::value* found = object.if_contains(name);
  return found == nullptr || found->is_null() ? nullptr : found;
}

std::int64_t count_of(const json::object& object, std::string_view name) {
  const json::value* found = find(object, name);
  if (found == nullptr || !found->is_number()) return 0;
  boost::system::error_code failure;
  const auto count = found->to_number<std::int64_t>(failure);
  return failure ? 0 : std::max<std::int64_t>(count, 0);
}

bool has_text(const json::object& object, std::string_view name) {
  const json::value* found = find(object, name);
  return found != nullptr && found->is_string() && !found->get_string().empty();
}

}  // namespace

ChatStreamDecoder::State ChatStreamDecoder::feed(std::string_view bytes, core::models::TextSink& sink) {
  if (state_ == State::running) take_bytes(bytes);
  return hand_over(sink);
}

ChatStreamDecoder::State ChatStreamDecoder::finish(core::models::TextSink& sink) {
  if (state_ == State::running) end_stream();
  return hand_over(sink);
}

ChatStreamDecoder::State ChatStreamDecoder::cut_off(core::models::TextSink& sink) {
  if (state_ == State::running && !answer_.finish_reason.empty()) complete();
  if (state_ == State::running) fail(Kind::cut, "the provider ended its answer before it was complete");
  return hand_over(sink);
}

void ChatStreamDecoder::take_bytes(std::string_view bytes) {
  if (form_ == Form::unknown) {
    const auto first = bytes.find_first_not_of(" \t\r\n");
    if (first == std::string_view::npos) return;
    bytes.remove_prefix(first);
    form_ = bytes.front() == '{' ? Form::document : Form::events;
  }
  if (form_ == Form::events) {
    std::vector<SseEvent> events;
    const bool within_bounds = parser_.feed(bytes, events);
    take_events(events);
    if (!within_bounds && state_ == State::running)
      fail(Kind::too_large, "the provider sent an event that is too long");
    return;
  }
  if (document_.size() + bytes.size() > limits_.max_answer_bytes * kDocumentBytesPerTextByte + kDocumentOverhead) {
    return fail(Kind::too_large, "the provider's answer is too long");
  }
  document_.append(bytes);
}

void ChatStreamDecoder::end_stream() {
  if (form_ == Form::document) return take_document();
  std::vector<SseEvent> events;
  parser_.finish(events);
  take_events(events);
  if (state_ != State::running) return;
  if (!answer_.finish_reason.empty()) return complete();
  if (form_ == Form::events && !saw_event_) return fail(Kind::garbage, "the provider's answer is not an event stream");
  fail(Kind::cut, "the provider ended its answer before it was complete");
}

void ChatStreamDecoder::take_events(std::vector<SseEvent>& events) {
  for (const SseEvent& event : events) {
    if (state_ != State::running) return;
    take_event(event.data);
  }
}

void ChatStreamDecoder::take_event(std::string_view data) {
  saw_event_ = true;
  if (data.empty()) return;
  if (data == "[DONE]") return complete();
  std::array<unsigned char, 4096> scratch;
  json::monotonic_resource memory(scratch.data(), scratch.size());
  boost::system::error_code failure;
  const json::value chunk = json::parse(data, failure, &memory, tolerant());
  if (failure || !chunk.is_object()) return fail(Kind::garbage, "the provider sent an event that is not a JSON object");
  take_chunk(chunk.get_object());
}

void ChatStreamDecoder::take_document() {
  boost::system::error_code failure;
  const json::value document = json::parse(document_, failure, {}, tolerant());
  if (failure || !document.is_object()) return fail(Kind::garbage, "the provider's answer is not JSON");
  take_chunk(document.get_object());
  if (state_ == State::running) complete();
}

void ChatStreamDecoder::take_chunk(const json::object& chunk) {
  if (auto error = find_provider_error(chunk, true)) {
    failure_.provider = std::move(*error);
    return fail(Kind::provider_error, "the provider reported an error");
  }
  if (answer_.model.empty() && has_text(chunk, "model")) answer_.model = std::string(chunk.at("model").get_string());
  take_usage(chunk);
  const json::value* choices = find(chunk, "choices");
  if (choices == nullptr) return;
  if (!choices->is_array()) return fail(Kind::garbage, "the provider's `choices` is not a list");
  for (const json::value& choice : choices->get_array()) {
    if (state_ == State::running) take_choice(choice);
  }
}

void ChatStreamDecoder::take_choice(const json::value& value) {
  const json::object* choice = value.if_object();
  if (choice == nullptr) return fail(Kind::garbage, "a choice of the provider's is not an object");
  if (count_of(*choice, "index") != 0) return;
  saw_choice_ = true;
  const json::value* delta = find(*choice, form_ == Form::document ? "message" : "delta");
  if (delta != nullptr) {
    if (!delta->is_object()) return fail(Kind::garbage, "a message of the provider's is not an object");
    take_delta(delta->get_object());
  }
  if (state_ == State::running && has_text(*choice, "finish_reason")) {
    answer_.finish_reason = std::string(choice->at("finish_reason").get_string());
    progressing_ = true;
  }
}

void ChatStreamDecoder::take_delta(const json::object& delta) {
  if (has_text(delta, "reasoning_content") || has_text(delta, "reasoning")) progressing_ = true;
  if (const json::value* content = find(delta, "content")) take_content(*content);
  if (const json::value* calls = find(delta, "tool_calls")) take_tool_calls(*calls);
}

/// In a stream each part of a call says by its index which one it goes on with; a document has them whole.
void ChatStreamDecoder::take_tool_calls(const json::value& calls) {
  if (!calls.is_array()) return fail(Kind::garbage, "the provider's `tool_calls` is not a list");
  std::size_t position = 0;
  for (const json::value& each : calls.get_array()) {
    if (state_ != State::running) return;
    const json::object* part = each.if_object();
    if (part == nullptr) return fail(Kind::garbage, "a tool call of the provider's is not an object");
    const bool has_index = find(*part, "index") != nullptr;
    take_tool_call(*part, has_index ? static_cast<std::size_t>(count_of(*part, "index")) : position);
    ++position;
  }
}

void ChatStreamDecoder::take_tool_call(const json::object& part, std::size_t position) {
  if (position >= limits_.max_tool_calls) return fail(Kind::too_large, "the answer has too many tool calls");
  progressing_ = true;
  if (answer_.tool_calls.size() <= position) answer_.tool_calls.resize(position + 1);
  core::models::ToolCall& call = answer_.tool_calls[position];
  const auto add = [&](const json::object& from, std::string_view field, std::string& to) {
    if (!has_text(from, field)) return;
    const std::string_view text = from.at(field).get_string();
    tool_call_bytes_ += text.size();
    if (tool_call_bytes_ <= limits_.max_answer_bytes) to += text;
  };
  if (call.id.empty()) add(part, "id", call.id);
  if (const json::value* function = find(part, "function"); function != nullptr && function->is_object()) {
    if (call.name.empty()) add(function->get_object(), "name", call.name);
    add(function->get_object(), "arguments", call.arguments);
  }
  if (tool_call_bytes_ > limits_.max_answer_bytes) {
    fail(Kind::too_large, fmt::format("the tool calls are longer than {} bytes", limits_.max_answer_bytes));
  }
}

void ChatStreamDecoder::take_content(const json::value& content) {
  if (const json::string* text = content.if_string()) return take_text(*text);
  const json::array* parts = content.if_array();
  if (parts == nullptr) return fail(Kind::garbage, "the provider's `content` is not text");
  for (const json::value& part : *parts) {
    const json::object* fields = part.if_object();
    if (fields != nullptr && has_text(*fields, "text")) take_text(fields->at("text").get_string());
  }
}

void ChatStreamDecoder::take_text(std::string_view text) {
  if (text.empty() || state_ != State::running) return;
  if (answer_.text.size() + fresh_.size() + text.size() > limits_.max_answer_bytes) {
    return fail(Kind::too_large, fmt::format("the answer is longer than {} bytes", limits_.max_answer_bytes));
  }
  progressing_ = true;
  joiner_.append(text, fresh_);
}

void ChatStreamDecoder::take_usage(const json::object& chunk) {
  const json::value* usage = find(chunk, "usage");
  if (usage == nullptr || !usage->is_object()) return;
  const json::object& counts = usage->get_object();
  answer_.usage = core::models::TokenCounts{.prompt_tokens = count_of(counts, "prompt_tokens"),
                                            .completion_tokens = count_of(counts, "completion_tokens")};
}

void ChatStreamDecoder::complete() {
  if (!saw_choice_) return fail(Kind::garbage, "the provider sent no answer");
  joiner_.flush(fresh_);
  state_ = State::done;
}

void ChatStreamDecoder::fail(Kind kind, std::string message) {
  failure_.kind = kind;
  failure_.message = std::move(message);
  state_ = State::failed;
}

ChatStreamDecoder::State ChatStreamDecoder::hand_over(core::models::TextSink& sink) {
  if (fresh_.empty()) return state_;
  const std::string text = std::exchange(fresh_, {});
  answer_.text += text;
  sink.on_text(text);
  return state_;
}

}  // namespace codelab::infra::openai
