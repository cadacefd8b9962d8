#pragma once

#include "core/models/ports.hpp"
#include "infra/openai/chat_request.hpp"
#include "infra/openai/provider_link.hpp"

namespace codelab::infra::openai {

/// Chat completions of any OpenAI-compatible server, streamed. complete() is awaited on a core of the clients' Cores;
/// everything it is built from outlives it.
class OpenAiChatModel final : public core::models::ChatModel {
 public:
  /// `config` has passed validated().
  OpenAiChatModel(ProviderConfig config, curl::CurlClients& clients, const base::Clock& clock,
                  core::models::ModelObserver& observer);

  base::Task<base::Result<core::models::Completion>> complete(core::models::CompletionRequest request,
                                                              core::models::TextSink& sink) override;
  core::models::ModelInfo info() const override;

  /// Calls in flight, waiting calls and the breaker, for metrics and readiness.
  const ProviderLink& link() const { return link_; }

 private:
  ProviderLink link_;
  ChatDialects dialects_;
};

}  // namespace codelab::infra::openai
