#pragma once

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/models/ports.hpp"
#include "tests/unit/fakes/gate.hpp"

namespace codelab::tests {

/// Says its pieces, then waits at its gate, then ends as it is told to.
class ScriptedModel final : public core::models::ChatModel {
 public:
  std::vector<std::string> pieces{"Hel", "lo"};
  Gate gate;
  std::optional<base::Error> failure;
  /// Run in the place of the ending; may throw.
  std::function<void()> ending;
  std::vector<core::models::CompletionRequest> asked;

  base::Task<base::Result<core::models::Completion>> complete(core::models::CompletionRequest request,
                                                              core::models::TextSink& sink) override {
    asked.push_back(std::move(request));
    core::models::Completion completion{.model = "scripted", .tokens = {7, 2}, .finish_reason = "stop"};
    for (const std::string& piece : pieces) {
      sink.on_text(piece);
      completion.text += piece;
    }
    co_await gate.pass();
    if (ending) ending();
    if (failure) co_return *failure;
    co_return completion;
  }
  core::models::ModelInfo info() const override { return {.name = "scripted"}; }
};

/// The same vector for every text.
class ScriptedEmbedder final : public core::models::Embedder {
 public:
  std::optional<base::Error> failure;

  base::Task<base::Result<std::vector<core::models::Embedding>>> embed(std::vector<std::string> texts) override {
    if (failure) co_return *failure;
    std::vector<core::models::Embedding> embeddings(texts.size(), {.model = "one", .values = {1.0F}});
    co_return embeddings;
  }
  core::models::ModelInfo info() const override { return {.name = "one"}; }
};

}  // namespace codelab::tests
