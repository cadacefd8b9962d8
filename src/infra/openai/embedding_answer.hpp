#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "core/models/ports.hpp"
#include "infra/openai/provider_error.hpp"

namespace codelab::infra::openai {

struct EmbeddingAnswer {
  /// In the order of the texts, each L2-normalised, all of one dimension.
  std::vector<std::vector<float>> vectors;
  core::models::TokenCounts tokens;
};

/// Reads the body of an embeddings answer that must hold `expected` vectors, as number lists or as base64 of
/// little-endian float32. model_failed says what is wrong with it.
base::Result<EmbeddingAnswer> read_embedding_answer(std::string_view body, std::size_t expected);

}  // namespace codelab::infra::openai
