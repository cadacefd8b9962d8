#pragma once

#include <cstddef>
#include <optional>
#include <span>

#include "infra/embedded_models/gemm.hpp"

namespace codelab::infra::embedded_models {

struct DenseWeights {
  PackedMatrix matrix;
  std::span<const float> bias;
};

struct NormWeights {
  std::span<const float> scale;
  std::span<const float> bias;
};

struct TransformerLayerWeights {
  /// Width of what the layer takes in; it gives UseLiteWeights::kWidth.
  std::size_t input_width = 0;
  NormWeights attention_norm;
  /// Queries, keys and values side by side, input_width columns each.
  DenseWeights queries_keys_values;
  DenseWeights attention_output;
  NormWeights feed_forward_norm;
  DenseWeights expand;
  DenseWeights contract;
};

/// Views of the encoder's tensors in the bytes of use-lite.bin, which scripts/fetch_embedding_model.sh writes.
struct UseLiteWeights {
  static constexpr std::size_t kPieces = 8002;
  static constexpr std::size_t kEmbeddingWidth = 256;
  static constexpr std::size_t kPositions = 128;
  static constexpr std::size_t kWidth = 512;
  static constexpr std::size_t kHiddenWidth = 1536;

  /// Nothing when the file is not of this kind, version and size. The views refer to `file`, aligned as float is.
  static std::optional<UseLiteWeights> parse(std::span<const std::byte> file);

  /// kPieces rows and kPositions rows of kEmbeddingWidth.
  RowMajor<const float> embeddings;
  RowMajor<const float> timing;
  /// Brings the first layer's input to kWidth, beside that layer.
  DenseWeights residual;
  TransformerLayerWeights first_layer;
  TransformerLayerWeights second_layer;
  DenseWeights output;
};

}  // namespace codelab::infra::embedded_models
