#include "infra/openai/chat_exchange.hpp"

#include <utility>

namespace codelab::infra::openai {
namespace {

/// A stream spends some hundred bytes of JSON on a token of a few; nothing of it is kept.
constexpr std::size_t kStreamBytesPerTextByte = 512;
constexpr std::size_t kStreamOverhead = 1UL << 20;

/// A common rule of thumb, for providers that do not count.
std::int64_t estimated_tokens(std::size_t bytes) { return static_cast<std::int64_t>((bytes + 3) / 4); }

}  // namespace

ChatExchange::ChatExchange(core::models::CompletionRequest request, core::models::TextSink& sink,
                           const ProviderConfig& config, ChatDialects& dialects)
    : request_(std::move(request)), sink_(sink), config_(config), dialects_(dialects), decoder_(fresh_decoder()) {}

ChatStreamDecoder ChatExchange::fresh_decoder() const {
  return ChatStreamDecoder({.max_answer_bytes = config_.max_answer_bytes});
}

std::string ChatExchange::begin() {
  decoder_ = fresh_decoder();
  dialect_ = dialects_.of(request_.model);
  return chat_request_body(request_, dialect_);
}

std::size_t ChatExchange::max_response_bytes() const {
  return config_.max_answer_bytes * kStreamBytesPerTextByte + kStreamOverhead;
}

curl::Flow ChatExchange::on_chunk(std::string_view bytes) {
  if (decoder_.feed(bytes, sink_) == ChatStreamDecoder::State::failed) return curl::Flow::stop;
  return decoder_.progressing() ? curl::Flow::flowing : curl::Flow::waiting;
}

bool ChatExchange::complete_though_cut() { return decoder_.cut_off(sink_) == ChatStreamDecoder::State::done; }

std::optional<AttemptFailure> ChatExchange::accept(const curl::HttpOutcome& /*outcome*/) {
  if (decoder_.finish(sink_) == ChatStreamDecoder::State::done) return std::nullopt;
  return failure();
}

AttemptFailure ChatExchange::failure() const {
  const DecodeFailure& found = decoder_.failure();
  switch (found.kind) {
    case DecodeFailure::Kind::cut:
      return failure_of_ending(curl::Ending::cut);
    case DecodeFailure::Kind::provider_error:
      return failure_in_answer(found.provider, config_.api_key);
    default:
      return failure_of_form(found.message);
  }
}

bool ChatExchange::adapt(const ProviderError& error) {
  // Another call may have learnt the same in the meantime: what counts is how this one was spoken.
  if (!dialect_.learn(error)) return false;
  ChatDialect known = dialects_.of(request_.model);
  known.learn(error);
  dialects_.remember(request_.model, known);
  return true;
}

core::models::TokenCounts ChatExchange::tokens() const {
  if (decoder_.state() != ChatStreamDecoder::State::done) return {};
  const auto& counted = decoder_.answer().usage;
  if (counted && counted->prompt_tokens + counted->completion_tokens > 0) return *counted;
  std::size_t prompt_bytes = 0;
  for (const core::models::PromptMessage& message : request_.messages) prompt_bytes += message.content.size();
  return {.prompt_tokens = estimated_tokens(prompt_bytes),
          .completion_tokens = estimated_tokens(decoder_.answer().text.size())};
}

core::models::Completion ChatExchange::completion() const {
  const ChatAnswer& answer = decoder_.answer();
  return {.text = answer.text,
          .model = answer.model.empty() ? request_.model : answer.model,
          .tokens = tokens(),
          .finish_reason = answer.finish_reason,
          .tool_calls = answer.tool_calls};
}

}  // namespace codelab::infra::openai
