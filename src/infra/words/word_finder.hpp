#pragma once

#include <string_view>

#include <sqlite3.h>

#include "infra/words/text_words.hpp"

/// Private to the .cpp files that bring words to an index: includes sqlite3.h.
namespace codelab::infra::words {

/// FTS5 of a connection. Throws base::StoreError when SQLite was built without it.
fts5_api* fts5_of(sqlite3* database);

/// Finds the words of a text with `porter unicode61 remove_diacritics 2`, FTS5's tokenizer: an index in memory and one
/// on disk agree on them. Not thread-safe. The connection must outlive it.
class WordFinder {
 public:
  /// Throws base::StoreError.
  explicit WordFinder(fts5_api* api);
  ~WordFinder();
  WordFinder(const WordFinder&) = delete;
  WordFinder& operator=(const WordFinder&) = delete;

  using Found = int (*)(void* context, int flags, const char* word, int size, int begin, int end);
  /// Calls `found` for each word; what it returns ends the search unless it is SQLITE_OK.
  int find(std::string_view text, int purpose, void* context, Found found);
  void collect(std::string_view text, TextWords& out);

 private:
  fts5_tokenizer methods_{};
  Fts5Tokenizer* instance_ = nullptr;
};

}  // namespace codelab::infra::words
