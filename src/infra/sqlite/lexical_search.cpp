#include "infra/sqlite/lexical_search.hpp"

#include <algorithm>
#include <functional>
#include <utility>

#include "infra/sqlite/fts_functions.hpp"
#include "infra/sqlite/rows.hpp"
#include "infra/words/bm25.hpp"

namespace codelab::infra::sqlite {
namespace {

/// Words of a long text that are looked for: each costs about 30 us, however few rows hold it.
constexpr std::size_t kMaxWords = 16;
/// Rows that one MATCH looks at.
constexpr std::size_t kWindow = 128;
/// A word in fewer of them than this is rare: a second look finds it further back.
constexpr double kRareInWindow = kWindow / 16.0;
/// How far back the age of a full window is counted.
constexpr std::int64_t kMaxSpan = 4 * static_cast<std::int64_t>(kWindow);

constexpr Sql kCollectWords = "SELECT collect_words(?, ?)";
constexpr Sql kTextBytes = "SELECT text_bytes FROM memories WHERE row_id = ? AND user_id = ? AND agent_id = ?";
constexpr Sql kMatches =
    "SELECT collect_match(memories_fts, ?2) FROM memories_fts WHERE memories_fts MATCH ?1 ORDER BY rowid DESC";
constexpr Sql kTextStatistics =
    "SELECT sum(items), sum(text_bytes) FROM memory_collections WHERE user_id = ? AND agent_id = ?";
constexpr Sql kMemoriesSince =
    "SELECT count(*) FROM (SELECT 1 FROM memories WHERE user_id = ?1 AND agent_id = ?2 "
    "AND id >= (SELECT id FROM memories WHERE row_id = ?3) LIMIT ?4)";

using RowIds = std::optional<std::span<const std::int64_t>>;
using words::Bm25;
using words::TextStatistics;

/// How the newest of an agent's memories match: everything that scoring them needs but their lengths.
struct Matches {
  struct Row {
    std::int64_t row_id = 0;
    std::vector<std::uint8_t> counts;
  };

  Bm25 scorer;
  /// Newest first.
  std::vector<Row> rows;
};

/// Short words are mostly those that stand everywhere.
std::vector<std::string> longest_of(std::vector<std::string> words) {
  if (words.size() <= kMaxWords) return words;
  std::ranges::sort(words, std::greater(), &std::string::size);
  words.resize(kMaxWords);
  return words;
}

/// Each word stands in an FTS5 string, where nothing but a quote has a meaning, and no word holds one.
std::string expression_of(const base::AgentId& agent, const std::vector<std::string>& words) {
  const auto prefix = agent_prefix(agent);
  std::string expression;
  for (const auto& word : words) {
    expression += expression.empty() ? "\"" : " OR \"";
    expression += prefix;
    expression += word;
    expression += '"';
  }
  return expression;
}

MatchCollector newest_matches(Connection& sql, const base::AgentId& agent, const std::vector<std::string>& words,
                              const RowIds& allowed) {
  MatchCollector found{.words = words.size(), .allowed = allowed, .row_ids = {}, .counts = {}};
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

std::vector<Matches::Row> rows_of(const MatchCollector& found) {
  std::vector<Matches::Row> rows;
  for (std::size_t row = 0; row < found.row_ids.size(); ++row) {
    const auto counts = found.counts_of(row);
    rows.push_back({found.row_ids[row], {counts.begin(), counts.end()}});
  }
  return rows;
}

/// Rows of the second look that lie behind the window's oldest; common words are not known there and count as absent.
void add_older(std::vector<Matches::Row>& rows, const MatchCollector& found, const RareWords& rare, std::size_t words) {
  const auto oldest = rows.back().row_id;
  for (std::size_t row = 0; row < found.row_ids.size(); ++row) {
    if (found.row_ids[row] >= oldest) continue;
    auto& added = rows.emplace_back(found.row_ids[row], std::vector<std::uint8_t>(words, 0));
    for (std::size_t i = 0; i < rare.places.size(); ++i) added.counts[rare.places[i]] = found.counts_of(row)[i];
  }
}

Matches match_words(Connection& sql, const core::identity::UserScope& scope, const base::AgentId& agent,
                    const std::vector<std::string>& words, const RowIds& allowed) {
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

/// Whether a row is among the best is judged before its length is known: that takes reading it.
std::vector<std::int64_t> rows_to_score(const Matches& matches, const words::WordQuery& query) {
  std::vector<std::pair<double, std::int64_t>> best;
  best.reserve(matches.rows.size());
  for (const auto& row : matches.rows) best.emplace_back(matches.scorer.bound(row.counts), row.row_id);
  const auto kept = std::min(query.wanted, best.size());
  std::ranges::partial_sort(best, best.begin() + static_cast<std::ptrdiff_t>(kept), std::greater());
  std::vector<std::int64_t> rows(query.also.begin(), query.also.end());
  for (std::size_t i = 0; i < kept; ++i) rows.push_back(best[i].second);
  std::ranges::sort(rows);
  rows.erase(std::ranges::unique(rows).begin(), rows.end());
  return rows;
}

}  // namespace

words::QueryWords words_of(Connection& sql, const std::string& text) {
  words::TextWords found{.max_words = words::kMaxQueryWords, .words = {}, .places = {}};
  Pointer<words::TextWords> pointer{&found, kTextWordsPointer};
  any_of(sql.query(kCollectWords, text, pointer));
  return std::move(found).looked_for(text);
}

std::vector<words::WordHit> search_text_index(Connection& sql, const core::identity::UserScope& scope,
                                              const base::AgentId& agent, const words::QueryWords& words,
                                              const words::WordQuery& query) {
  const auto matches = match_words(sql, scope, agent, longest_of(words.written), query.allowed);
  std::vector<words::WordHit> hits;
  for (const auto row_id : rows_to_score(matches, query)) {
    const auto row = std::ranges::lower_bound(matches.rows, row_id, std::greater(), &Matches::Row::row_id);
    if (row == matches.rows.end() || row->row_id != row_id) continue;
    const auto bytes = value_of<std::int64_t>(sql.query(kTextBytes, row_id, scope.user(), agent), -1);
    if (bytes >= 0) hits.push_back({row_id, matches.scorer.score(row->counts, static_cast<double>(bytes))});
  }
  return hits;
}

}  // namespace codelab::infra::sqlite
