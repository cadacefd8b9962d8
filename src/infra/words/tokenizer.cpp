#include "infra/words/tokenizer.hpp"

#include <mutex>
#include <utility>
#include <vector>

#include "base/store_error.hpp"
#include "infra/words/word_finder.hpp"

namespace codelab::infra::words {
namespace {

struct Close {
  void operator()(sqlite3* database) const { sqlite3_close_v2(database); }
};

sqlite3* open_in_memory() {
  sqlite3* database = nullptr;
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_MEMORY | SQLITE_OPEN_NOMUTEX;
  if (sqlite3_open_v2(":memory:", &database, flags, nullptr) == SQLITE_OK) return database;
  sqlite3_close_v2(database);
  throw base::StoreError("SQLite cannot be opened for its tokenizer");
}

}  // namespace

/// The connection is only where FTS5 keeps the tokenizer; nothing ever runs on it again.
struct Tokenizer::State {
  std::unique_ptr<sqlite3, Close> database{open_in_memory()};
  fts5_api* const api = fts5_of(database.get());
  std::mutex mutex;
  /// One for each call that ran at the same time.
  std::vector<std::unique_ptr<WordFinder>> idle;
};

Tokenizer::Tokenizer() : state_(std::make_unique<State>()) {}

Tokenizer::~Tokenizer() = default;

TextWords Tokenizer::words_of(std::string_view text, std::size_t max_words) {
  TextWords words{.max_words = max_words, .words = {}, .places = {}};
  std::unique_ptr<WordFinder> finder;
  {
    const std::lock_guard lock(state_->mutex);
    if (!state_->idle.empty()) {
      finder = std::move(state_->idle.back());
      state_->idle.pop_back();
    }
  }
  if (!finder) finder = std::make_unique<WordFinder>(state_->api);
  finder->collect(text, words);
  const std::lock_guard lock(state_->mutex);
  state_->idle.push_back(std::move(finder));
  return words;
}

CountedText Tokenizer::counted(std::string_view text) {
  return words_of(text, std::numeric_limits<std::size_t>::max()).counted(text.size());
}

QueryWords Tokenizer::looked_for(std::string_view text) { return words_of(text, kMaxQueryWords).looked_for(text); }

}  // namespace codelab::infra::words
