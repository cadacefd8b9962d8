#pragma once

#include <cstdint>
#include <expected>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "infra/embedded_models/piece_trie.hpp"

namespace codelab::infra::embedded_models {

/// SentencePiece's unigram model as the encoder's own package runs it: the most probable cut of the text into pieces
/// of the vocabulary, with that package's treatment of ties and of unknown characters. Immutable, so thread-safe.
class UnigramTokenizer {
 public:
  struct Piece {
    std::u32string text;
    /// Logarithm of its probability.
    double score = 0;
  };

  /// What stands for characters that begin no piece; neighbours share one.
  static constexpr std::int32_t kUnknown = 0;

  /// Reads a JSON array of [text, score] pairs, a null score meaning 0. The error says what is wrong with the file.
  static std::expected<std::unique_ptr<UnigramTokenizer>, std::string> open(const std::filesystem::path& vocabulary);

  /// A piece's index is its id. The first six are reserved: no text is cut into them. The mark of a space (U+2581)
  /// may only begin a piece.
  explicit UnigramTokenizer(const std::vector<Piece>& pieces);

  std::size_t pieces() const { return scores_.size(); }

  /// The ids of the first `limit` pieces of `utf8`; an empty text has none. Reads no further than it needs to, up to
  /// the end of a word.
  std::vector<std::int32_t> encode(std::string_view utf8, std::size_t limit) const;

 private:
  /// Appends the pieces of `word`, which begins with the mark of a space; `score` is that of the text up to here.
  void encode_word(std::u32string_view word, double& score, std::vector<std::int32_t>& ids) const;

  std::vector<double> scores_;
  PieceTrie trie_;
};

}  // namespace codelab::infra::embedded_models
