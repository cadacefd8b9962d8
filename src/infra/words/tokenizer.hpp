#pragma once

#include <memory>
#include <string_view>

#include "infra/words/text_words.hpp"

namespace codelab::infra::words {

/// The words of texts that are in no SQLite database, as its text index would find them. Thread-safe: calls run side by
/// side.
class Tokenizer {
 public:
  /// Throws base::StoreError when SQLite was built without FTS5.
  Tokenizer();
  ~Tokenizer();

  CountedText counted(std::string_view text);
  QueryWords looked_for(std::string_view text);

 private:
  struct State;
  TextWords words_of(std::string_view text, std::size_t max_words);

  std::unique_ptr<State> state_;
};

}  // namespace codelab::infra::words
