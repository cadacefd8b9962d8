#pragma once

#include "infra/openai/chat_request.hpp"
#include "infra/openai/chat_stream_decoder.hpp"
#include "infra/openai/provider_link.hpp"

namespace codelab::infra::openai {

/// One chat completion: writes the request, decodes the stream into the caller's sink.
class ChatExchange final : public Exchange, private curl::ChunkSink {
 public:
  /// All references outlive it.
  ChatExchange(core::models::CompletionRequest request, core::models::TextSink& sink, const ProviderConfig& config,
               ChatDialects& dialects);

  std::string_view model() const override { return request_.model; }
  std::string_view path() const override { return "/chat/completions"; }
  std::string begin() override;
  std::size_t max_response_bytes() const override;
  curl::ChunkSink* sink() override { return this; }
  bool complete_though_cut() override;
  bool committed() const override { return !decoder_.answer().text.empty(); }
  std::optional<AttemptFailure> accept(const curl::HttpOutcome& outcome) override;
  bool adapt(const ProviderError& error) override;
  core::models::TokenCounts tokens() const override;

  /// Once run() has succeeded.
  core::models::Completion completion() const;

 private:
  curl::Flow on_chunk(std::string_view bytes) override;
  ChatStreamDecoder fresh_decoder() const;
  AttemptFailure failure() const;

  core::models::CompletionRequest request_;
  core::models::TextSink& sink_;
  const ProviderConfig& config_;
  ChatDialects& dialects_;
  /// Of the current attempt.
  ChatDialect dialect_;
  ChatStreamDecoder decoder_;
};

}  // namespace codelab::infra::openai
