#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

namespace codelab::infra::embedded_models {

/// Lexical vectors for any script: words and the 3 to 5 character grams in them, hashed with a sign into a fixed
/// number of dimensions. It finds texts that share words or their stems and forgives a typing error; it knows nothing
/// of meaning, so a paraphrase in other words is not near. Deterministic on every machine. Immutable, so thread-safe.
///
/// Texts are compared after NFKC and case folding. Scripts without case (Han, Kana, Hangul, Arabic, Thai, ...), whose
/// words are short or not set apart, count grams of 2 as well. A symbol or emoji is a word of its own; punctuation and
/// spaces part words.
class HashingEncoder {
 public:
  static constexpr std::size_t kDefaultDimensions = 1536;
  /// Text past this many bytes is not read.
  static constexpr std::size_t kMaxBytes = 16384;

  /// `dimensions` is at least 1.
  explicit HashingEncoder(std::size_t dimensions = kDefaultDimensions);

  std::size_t dimensions() const { return dimensions_; }

  /// The text's vector, of length 1; all zeros for a text without a letter, digit or symbol.
  std::vector<float> encode(std::string_view utf8) const;

 private:
  std::size_t dimensions_;
};

}  // namespace codelab::infra::embedded_models
