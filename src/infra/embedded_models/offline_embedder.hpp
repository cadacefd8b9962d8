#pragma once

#include <filesystem>
#include <memory>
#include <mutex>
#include <string>

#include <boost/asio/thread_pool.hpp>

#include "core/models/ports.hpp"
#include "infra/embedded_models/hashing_encoder.hpp"
#include "infra/embedded_models/use_lite_encoder.hpp"

namespace codelab::infra::embedded_models {

/// Which encoder reads a text. `automatic`: the sentence encoder where the text is mostly of Latin script, hashing for
/// the rest; each has its own vector space.
enum class OfflineEmbedding : std::uint8_t { automatic, hashing, sentences };

/// Embeddings without any provider. The sentence encoder is opened with the first text that needs it and runs on
/// `pool`; without its weights every text is hashed. Thread-safe.
class OfflineEmbedder final : public core::models::Embedder {
 public:
  OfflineEmbedder(OfflineEmbedding mode, std::filesystem::path weights, boost::asio::thread_pool& pool)
      : mode_(mode), weights_(std::move(weights)), pool_(pool) {}

  base::Task<base::Result<std::vector<core::models::Embedding>>> embed(std::vector<std::string> texts) override;
  core::models::ModelInfo info() const override;

 private:
  bool reads_sentences(std::string_view text) const;
  core::models::Embedding hashed(std::string_view text) const;
  const UseLiteEncoder* sentence_encoder();
  base::Task<core::models::Embedding> encode_sentence(std::string text);

  OfflineEmbedding mode_;
  std::filesystem::path weights_;
  boost::asio::thread_pool& pool_;
  HashingEncoder hashing_;

  std::once_flag opened_;
  std::unique_ptr<UseLiteEncoder> sentences_;
};

}  // namespace codelab::infra::embedded_models
