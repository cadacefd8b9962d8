#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "infra/words/word_index.hpp"

namespace codelab::infra::words {

/// The words of a text, as SQLite's tokenizer `porter unicode61 remove_diacritics 2` finds them: runs of letters and
/// digits in lower case, Latin letters without their diacritics, cut to their stems. What is not UTF-8 parts words. A
/// stem is known by its first 64 bytes.
CountedText count_words(std::string_view text);

/// The stems to look for, each once: of the first 64 of a text those of the 16 longest words. Short words are mostly
/// those that stand everywhere.
std::vector<std::string> query_stems(std::string_view text);

}  // namespace codelab::infra::words
