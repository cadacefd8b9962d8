#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

struct sqlite3;

/// What the text index needs of ours inside SQLite. The index holds words of the form <agent><word>: the tokenizer
/// `agent_words` takes text that begins with an agent in 32 hex digits and a space, and puts the agent before each of
/// the rest's words, which `porter unicode61 remove_diacritics 2` finds.
namespace codelab::infra::sqlite {

/// The prefix of an indexed text, and of each word of a query.
inline constexpr std::size_t kAgentPrefix = 33;

/// Words that one query looks for.
inline constexpr std::size_t kMaxQueryWords = 32;

/// What the rows of a MATCH hold, filled by the SQL function `collect_match(memories_fts, pointer)`.
struct MatchCollector {
  static constexpr const char* kPointerType = "codelab_match_collector";

  /// How many words the MATCH has, each of them a phrase.
  std::size_t words = 0;
  /// Ascending; with it only those rows are taken.
  const std::vector<std::int64_t>* allowed = nullptr;
  std::vector<std::int64_t> row_ids;
  /// How often each word stands in each row, 255 at most; `words` of them a row.
  std::vector<std::uint8_t> counts;

  std::span<const std::uint8_t> counts_of(std::size_t row) const {
    return std::span(counts).subspan(row * words, words);
  }
};

/// Adds the tokenizer, `collect_match` and `query_words(text)`: the distinct words of a text, kMaxQueryWords at most,
/// one a line as they stand there.
void register_fts_functions(sqlite3* database);

}  // namespace codelab::infra::sqlite
