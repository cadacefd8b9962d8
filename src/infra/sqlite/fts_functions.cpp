#include "infra/sqlite/fts_functions.hpp"

#include <algorithm>
#include <limits>
#include <memory>
#include <string>
#include <string_view>

#include "infra/sqlite/sqlite_api.hpp"
#include "infra/words/word_finder.hpp"

namespace codelab::infra::sqlite {
namespace {

using words::WordFinder;

// The tokenizer agent_words.

struct AgentWords {
  void* context;
  WordFinder::Found found;
  std::string word;
};

int pass_on(void* self, int flags, const char* word, int size, int begin, int end) {
  auto& out = *static_cast<AgentWords*>(self);
  out.word.resize(kAgentPrefix - 1);
  out.word.append(word, std::min(static_cast<std::size_t>(size), words::kMaxWordBytes));
  constexpr int kShift = static_cast<int>(kAgentPrefix);
  return out.found(out.context, flags, out.word.data(), static_cast<int>(out.word.size()), begin + kShift,
                   end + kShift);
}

int tokenize(Fts5Tokenizer* self, void* context, int purpose, const char* text, int size, WordFinder::Found found) {
  if (size <= static_cast<int>(kAgentPrefix)) return SQLITE_OK;
  AgentWords words{context, found, std::string(text, kAgentPrefix - 1)};
  const std::string_view rest(text + kAgentPrefix, static_cast<std::size_t>(size) - kAgentPrefix);
  return reinterpret_cast<WordFinder*>(self)->find(rest, purpose, &words, pass_on);
}

int create_tokenizer(void* api, const char**, int, Fts5Tokenizer** out) {
  try {
    *out = reinterpret_cast<Fts5Tokenizer*>(new WordFinder(static_cast<fts5_api*>(api)));
    return SQLITE_OK;
  } catch (...) {
    return SQLITE_ERROR;
  }
}

void delete_tokenizer(Fts5Tokenizer* self) { delete reinterpret_cast<WordFinder*>(self); }

// The function collect_words.

void collect_words(sqlite3_context* context, int, sqlite3_value** values) {
  auto* collector = static_cast<words::TextWords*>(sqlite3_value_pointer(values[1], kTextWordsPointer));
  const auto* text = reinterpret_cast<const char*>(sqlite3_value_text(values[0]));
  if (text == nullptr || collector == nullptr) return;
  auto* finder = static_cast<WordFinder*>(sqlite3_user_data(context));
  finder->collect({text, static_cast<std::size_t>(sqlite3_value_bytes(values[0]))}, *collector);
}

// The function collect_match.

std::uint8_t count_phrase(const Fts5ExtensionApi* api, Fts5Context* row, int phrase) {
  Fts5PhraseIter at{};
  int column = 0;
  int offset = 0;
  int count = 0;
  if (api->xPhraseFirst(row, phrase, &at, &column, &offset) != SQLITE_OK) return 0;
  for (; column >= 0; api->xPhraseNext(row, &at, &column, &offset)) ++count;
  return static_cast<std::uint8_t>(std::min<int>(count, std::numeric_limits<std::uint8_t>::max()));
}

void collect_match(const Fts5ExtensionApi* api, Fts5Context* row, sqlite3_context*, int count, sqlite3_value** values) {
  auto* collector = count != 1
                        ? nullptr
                        : static_cast<MatchCollector*>(sqlite3_value_pointer(values[0], MatchCollector::kPointerType));
  if (collector == nullptr) return;
  const auto row_id = api->xRowid(row);
  if (collector->allowed && !std::ranges::binary_search(*collector->allowed, row_id)) return;
  collector->row_ids.push_back(row_id);
  const int phrases = std::min(api->xPhraseCount(row), static_cast<int>(collector->words));
  for (int phrase = 0; phrase < phrases; ++phrase) collector->counts.push_back(count_phrase(api, row, phrase));
  collector->counts.resize(collector->row_ids.size() * collector->words, 0);
}

}  // namespace

std::string agent_prefix(const base::AgentId& agent) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string prefix;
  prefix.reserve(kAgentPrefix);
  for (const auto byte : agent.bytes) {
    prefix.push_back(kDigits[byte >> 4]);
    prefix.push_back(kDigits[byte & 0x0f]);
  }
  prefix.push_back(' ');
  return prefix;
}

void register_fts_functions(sqlite3* database) {
  fts5_api* api = words::fts5_of(database);
  fts5_tokenizer methods{create_tokenizer, delete_tokenizer, tokenize};
  check(database, api->xCreateTokenizer(api, "agent_words", api, &methods, nullptr), "add the tokenizer");
  check(database, api->xCreateFunction(api, "collect_match", nullptr, collect_match, nullptr), "add a function");
  auto finder = std::make_unique<WordFinder>(api);
  const auto end = [](void* finder) { delete static_cast<WordFinder*>(finder); };
  check(database,
        sqlite3_create_function_v2(database, "collect_words", 2, SQLITE_UTF8 | SQLITE_DIRECTONLY, finder.release(),
                                   collect_words, nullptr, nullptr, end),
        "add a function");
}

}  // namespace codelab::infra::sqlite
