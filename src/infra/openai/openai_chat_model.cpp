#include "infra/openai/openai_chat_model.hpp"

#include <utility>

#include "infra/openai/chat_exchange.hpp"

namespace codelab::infra::openai {

OpenAiChatModel::OpenAiChatModel(ProviderConfig config, curl::CurlClients& clients, const base::Clock& clock,
                                 core::models::ModelObserver& observer)
    : link_(std::move(config), clients, clock, observer) {}

base::Task<base::Result<core::models::Completion>> OpenAiChatModel::complete(core::models::CompletionRequest request,
                                                                             core::models::TextSink& sink) {
  if (request.model.empty()) request.model = link_.config().model;
  ChatExchange exchange(std::move(request), sink, link_.config(), dialects_);
  const auto error = co_await link_.run(exchange);
  if (error) co_return *error;
  co_return exchange.completion();
}

core::models::ModelInfo OpenAiChatModel::info() const { return {.name = link_.config().model, .offline = false}; }

}  // namespace codelab::infra::openai
