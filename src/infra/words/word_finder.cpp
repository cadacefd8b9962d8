#include "infra/words/word_finder.hpp"

#include <iterator>

#include "base/store_error.hpp"

namespace codelab::infra::words {
namespace {

int take_word(void* self, int, const char* word, int size, int begin, int end) {
  auto& out = *static_cast<TextWords*>(self);
  const std::string_view stem(word, static_cast<std::size_t>(size));
  return out.take(stem, static_cast<std::size_t>(begin), static_cast<std::size_t>(end)) ? SQLITE_OK : SQLITE_DONE;
}

}  // namespace

fts5_api* fts5_of(sqlite3* database) {
  fts5_api* api = nullptr;
  sqlite3_stmt* statement = nullptr;
  if (sqlite3_prepare_v2(database, "SELECT fts5(?1)", -1, &statement, nullptr) == SQLITE_OK) {
    sqlite3_bind_pointer(statement, 1, static_cast<void*>(&api), "fts5_api_ptr", nullptr);
    sqlite3_step(statement);
  }
  sqlite3_finalize(statement);
  if (api == nullptr) throw base::StoreError("SQLite was built without FTS5");
  return api;
}

WordFinder::WordFinder(fts5_api* api) {
  void* context = nullptr;
  const char* options[] = {"unicode61", "remove_diacritics", "2"};
  int code = api->xFindTokenizer(api, "porter", &context, &methods_);
  if (code == SQLITE_OK) code = methods_.xCreate(context, options, std::size(options), &instance_);
  if (code != SQLITE_OK) throw base::StoreError("SQLite cannot make its tokenizer");
}

WordFinder::~WordFinder() {
  if (instance_ != nullptr) methods_.xDelete(instance_);
}

int WordFinder::find(std::string_view text, int purpose, void* context, Found found) {
  return methods_.xTokenize(instance_, context, purpose, text.data(), static_cast<int>(text.size()), found);
}

void WordFinder::collect(std::string_view text, TextWords& out) { find(text, FTS5_TOKENIZE_DOCUMENT, &out, take_word); }

}  // namespace codelab::infra::words
