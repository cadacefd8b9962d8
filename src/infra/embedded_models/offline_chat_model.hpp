#pragma once

#include <string>

#include "core/models/ports.hpp"

namespace codelab::infra::embedded_models {

/// Answers without any provider: no reasoning, only what memory and the conversation already hold, and it says so in
/// every answer. Deterministic; streams word by word; costs nothing. Thread-safe.
class OfflineChatModel final : public core::models::ChatModel {
 public:
  static constexpr std::string_view kName = "offline";

  base::Task<base::Result<core::models::Completion>> complete(core::models::CompletionRequest request,
                                                              core::models::TextSink& sink) override;
  core::models::ModelInfo info() const override { return {.name = std::string(kName), .offline = true}; }
};

/// What it answers to a prompt.
std::string offline_answer(const std::vector<core::models::PromptMessage>& messages);

}  // namespace codelab::infra::embedded_models
