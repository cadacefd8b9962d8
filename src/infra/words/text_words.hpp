#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "infra/words/word_index.hpp"

namespace codelab::infra::words {

/// A longer word is known by its beginning: bounds what one odd text (base64) can put into an index.
inline constexpr std::size_t kMaxWordBytes = 64;

/// Distinct words of a text that are looked for.
inline constexpr std::size_t kMaxQueryWords = 64;

/// The words of a text that is looked for; nothing in it has a meaning but as a word.
struct QueryWords {
  /// Each once, the first few dozen.
  std::vector<std::string> stems;
  /// The same as they stand in the text.
  std::vector<std::string> written;
};

/// The words of one text, filled word by word.
struct TextWords {
  struct Word {
    std::string stem;
    std::uint8_t count = 0;
    /// Where it stands first, in bytes.
    std::size_t begin = 0;
    std::size_t end = 0;
  };

  /// The rest of the text is not looked at.
  std::size_t max_words = std::numeric_limits<std::size_t>::max();
  std::vector<Word> words;
  std::unordered_map<std::string, std::size_t> places;

  /// False when there are max_words already and this is another.
  bool take(std::string_view stem, std::size_t begin, std::size_t end);

  /// `length` is the whole text's.
  CountedText counted(std::size_t length) &&;
  /// Of the same text. Words that are far too long are left out.
  QueryWords looked_for(std::string_view text) &&;
};

}  // namespace codelab::infra::words
