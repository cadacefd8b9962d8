#include "infra/sqlite/lexical_search.hpp"

#include <algorithm>
#include <string_view>

#include <fmt/format.h>

#include "infra/sqlite/fts_functions.hpp"
#include "infra/sqlite/rows.hpp"

namespace codelab::infra::sqlite {
namespace {

/// Rows that one MATCH looks at.
constexpr std::size_t kWindow = 256;
/// A word in fewer of them than this is rare: a second look finds it further back.
constexpr double kRareInWindow = kWindow / 16.0;
/// How far back the age of a full window is counted.
constexpr std::int64_t kMaxSpan = 4 * static_cast<std::int64_t>(kWindow);

constexpr Sql kQueryWords = "SELECT query_words(?)";
constexpr Sql kMatches =
    "SELECT collect_match(memories_fts, ?2) FROM memories_fts WHERE memories_fts MATCH ?1 ORDER BY rowid DESC";
constexpr Sql kTextStatistics =
    "SELECT sum(items), sum(text_bytes) FROM memory_collections WHERE user_id = ? AND agent_id = ?";
constexpr Sql kMemoriesSince =
    "SELECT count(*) FROM (SELECT 1 FROM memories WHERE user_id = ?1 AND agent_id = ?2 "
    "AND id >= (SELECT id FROM memories WHERE row_id = ?3) LIMIT ?4)";

using RowIds = std::optional<std::vector<std::int64_t>>;

std::vector<std::string> words_of(Connection& sql, const std::string& text) {
  const auto lines = value_of<std::string>(sql.query(kQueryWords, text));
  std::vector<std::string> words;
  for (std::size_t begin = 0; begin < lines.size();) {
    const auto end = lines.find('\n', begin);
    words.push_back(lines.substr(begin, end - begin));
    begin = end + 1;
  }
  return words;
}

/// Each word stands in an FTS5 string, where nothing but a quote has a meaning, and no word holds one.
std::string expression_of(const base::AgentId& agent, const std::vector<std::string>& words) {
  std::string prefix;
  for (const auto byte : agent.bytes) prefix += fmt::format("{:02x}", byte);
  std::string expression;
  for (const auto& word : words)
    fmt::format_to(std::back_inserter(expression), "{}\"{} {}\"", expression.empty() ? "" : " OR ", prefix, word);
  return expression;
}

MatchCollector newest_matches(Connection& sql, const base::AgentId& agent, const std::vector<std::string>& words,
                              const RowIds& allowed) {
  MatchCollector found{.words = words.size(), .allowed = allowed ? &*allowed : nullptr};
  const auto match = expression_of(agent, words);
  Pointer<MatchCollector> pointer{&found, MatchCollector::kPointerType};
  auto rows = sql.query(kMatches, match, pointer);
  while (found.row_ids.size() < kWindow && rows.next()) {
  }
  return found;
}

std::vector<double> frequencies_in(const MatchCollector& found) {
  std::vector<double> frequencies(found.words, 0);
  for (std::size_t row = 0; row < found.row_ids.size(); ++row) {
    for (std::size_t word = 0; word < found.words; ++word) frequencies[word] += found.counts_of(row)[word] > 0 ? 1 : 0;
  }
  return frequencies;
}

TextStatistics statistics_of(Connection& sql, const core::identity::UserScope& scope, const base::AgentId& agent) {
  std::int64_t items = 0;
  std::int64_t bytes = 0;
  auto rows = sql.query(kTextStatistics, scope.user(), agent);
  if (rows.next()) rows.read(items, bytes);
  if (items == 0) return {};
  return {.documents = static_cast<double>(items),
          .average_length = static_cast<double>(bytes) / static_cast<double>(items)};
}

/// How many memories there are from the window's oldest match on.
double span_of(Connection& sql, const core::identity::UserScope& scope, const base::AgentId& agent, std::int64_t oldest,
               const RowIds& allowed) {
  if (allowed) return static_cast<double>(allowed->end() - std::ranges::lower_bound(*allowed, oldest));
  return static_cast<double>(
      value_of<std::int64_t>(sql.query(kMemoriesSince, scope.user(), agent, oldest, std::int64_t{kMaxSpan})));
}

/// One word's counts within a wider query's.
struct RareWords {
  std::vector<std::string> words;
  std::vector<std::size_t> places;
};

RareWords rare_of(const std::vector<std::string>& words, const std::vector<double>& frequencies) {
  RareWords rare;
  for (std::size_t place = 0; place < words.size(); ++place) {
    if (frequencies[place] >= kRareInWindow) continue;
    rare.words.push_back(words[place]);
    rare.places.push_back(place);
  }
  return rare;
}

std::vector<LexicalMatches::Row> rows_of(const MatchCollector& found) {
  std::vector<LexicalMatches::Row> rows;
  for (std::size_t row = 0; row < found.row_ids.size(); ++row) {
    const auto counts = found.counts_of(row);
    rows.push_back({found.row_ids[row], {counts.begin(), counts.end()}});
  }
  return rows;
}

/// Rows of the second look that lie behind the window's oldest; common words are not known there and count as absent.
void add_older(std::vector<LexicalMatches::Row>& rows, const MatchCollector& found, const RareWords& rare,
               std::size_t words) {
  const auto oldest = rows.back().row_id;
  for (std::size_t row = 0; row < found.row_ids.size(); ++row) {
    if (found.row_ids[row] >= oldest) continue;
    auto& added = rows.emplace_back(found.row_ids[row], std::vector<std::uint8_t>(words, 0));
    for (std::size_t i = 0; i < rare.places.size(); ++i) added.counts[rare.places[i]] = found.counts_of(row)[i];
  }
}

}  // namespace

LexicalMatches match_words(Connection& sql, const core::identity::UserScope& scope, const base::AgentId& agent,
                           const std::string& text, const RowIds& allowed) {
  const auto words = words_of(sql, text);
  auto statistics = statistics_of(sql, scope, agent);
  if (allowed) statistics.documents = static_cast<double>(allowed->size());
  if (words.empty() || statistics.documents == 0) return {.scorer = Bm25(statistics, {}), .rows = {}};

  const auto window = newest_matches(sql, agent, words, allowed);
  auto frequencies = frequencies_in(window);
  auto rows = rows_of(window);
  if (rows.size() < kWindow) return {.scorer = Bm25(statistics, frequencies), .rows = std::move(rows)};

  const auto rare = rare_of(words, frequencies);
  const double share = statistics.documents / std::max(1.0, span_of(sql, scope, agent, rows.back().row_id, allowed));
  for (auto& frequency : frequencies) frequency *= std::max(1.0, share);
  if (!rare.words.empty() && rare.words.size() < words.size()) {
    const auto further = newest_matches(sql, agent, rare.words, allowed);
    const auto exact = frequencies_in(further);
    for (std::size_t i = 0; i < rare.places.size(); ++i) frequencies[rare.places[i]] = exact[i];
    add_older(rows, further, rare, words.size());
  }
  return {.scorer = Bm25(statistics, frequencies), .rows = std::move(rows)};
}

}  // namespace codelab::infra::sqlite
