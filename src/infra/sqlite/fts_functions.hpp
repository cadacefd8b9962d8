#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/ids.hpp"
#include "infra/words/text_words.hpp"

struct sqlite3;

/// What the text index needs of ours inside SQLite. The index holds words of the form <agent><word>: the tokenizer
/// `agent_words` takes text that begins with an agent in 32 hex digits and a space, and puts the agent before each of
/// the rest's words, which `porter unicode61 remove_diacritics 2` finds.
namespace codelab::infra::sqlite {

/// Bytes of agent_prefix().
inline constexpr std::size_t kAgentPrefix = 33;

/// What an indexed text begins with, and each word of a query.
std::string agent_prefix(const base::AgentId& agent);

/// Names the words::TextWords that the SQL function `collect_words(text, pointer)` fills.
inline constexpr const char* kTextWordsPointer = "codelab_text_words";

/// What the rows of a MATCH hold, filled by the SQL function `collect_match(memories_fts, pointer)`.
struct MatchCollector {
  static constexpr const char* kPointerType = "codelab_match_collector";

  /// How many words the MATCH has, each of them a phrase.
  std::size_t words = 0;
  /// Ascending; with it only those rows are taken.
  std::optional<std::span<const std::int64_t>> allowed;
  std::vector<std::int64_t> row_ids;
  /// How often each word stands in each row, 255 at most; `words` of them a row.
  std::vector<std::uint8_t> counts;

  std::span<const std::uint8_t> counts_of(std::size_t row) const {
    return std::span(counts).subspan(row * words, words);
  }
};

/// Adds the tokenizer, `collect_match` and `collect_words`.
void register_fts_functions(sqlite3* database);

}  // namespace codelab::infra::sqlite
