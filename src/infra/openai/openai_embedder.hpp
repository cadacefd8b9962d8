#pragma once

#include <atomic>
#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "core/models/ports.hpp"
#include "infra/openai/provider_config.hpp"
#include "infra/openai/provider_link.hpp"

namespace codelab::infra::openai {

/// Embeddings of any OpenAI-compatible server. An embedding's model is named as the configuration names it, whatever
/// the server calls it, so that the same configuration always means the same space. embed() is awaited on a core.
class OpenAiEmbedder final : public core::models::Embedder {
 public:
  /// `config` has passed validated().
  OpenAiEmbedder(ProviderConfig config, EmbeddingOptions options, curl::CurlClients& clients, const base::Clock& clock,
                 core::models::ModelObserver& observer);

  /// model_failed also when the dimension is not the one that this embedder has seen before.
  base::Task<base::Result<std::vector<core::models::Embedding>>> embed(std::vector<std::string> texts) override;
  core::models::ModelInfo info() const override;

  const ProviderLink& link() const { return link_; }

 private:
  /// How many texts from the front make one request.
  std::size_t batch_size(std::span<const std::string> texts) const;
  bool agrees(std::size_t dimension);

  ProviderLink link_;
  EmbeddingOptions options_;
  /// 0 until the first answer.
  std::atomic<std::size_t> dimension_{0};
};

}  // namespace codelab::infra::openai
