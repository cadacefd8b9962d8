#include "infra/sqlite/memory_search.hpp"

#include <algorithm>
#include <unordered_map>

#include "infra/sqlite/lexical_search.hpp"
#include "infra/sqlite/memory_rows.hpp"
#include "infra/sqlite/rows.hpp"
#include "infra/sqlite/vector_spaces.hpp"
#include "infra/vectors/rescore.hpp"

namespace codelab::infra::sqlite {
namespace {

using core::identity::UserScope;
using core::memory::Candidate;
using core::memory::MemoryQuery;
using core::memory::ScoreParts;

/// Rows whose length is looked up for each one wanted, for length changes the order of the best.
constexpr std::size_t kLexicalOversampling = 2;

constexpr Sql kHasSpace =
    "SELECT 1 FROM memory_collections "
    "WHERE user_id = ? AND agent_id = ? AND embedding_model = ? AND dimension = ? AND items > 0";
constexpr Sql kVector =
    "SELECT v.vector FROM memories m JOIN memory_vectors v ON v.row_id = m.row_id "
    "WHERE m.row_id = ? AND m.user_id = ? AND m.agent_id = ? AND m.embedding_model = ? AND m.dimension = ?";
constexpr Sql kTextBytes = "SELECT text_bytes FROM memories WHERE row_id = ? AND user_id = ? AND agent_id = ?";

struct Scored {
  std::int64_t row_id;
  double score;
};

void keep_best(std::vector<Scored>& scored, std::size_t count) {
  const auto better = [](const Scored& left, const Scored& right) {
    return left.score != right.score ? left.score > right.score : left.row_id > right.row_id;
  };
  const auto kept = std::min(count, scored.size());
  std::ranges::partial_sort(scored, scored.begin() + static_cast<std::ptrdiff_t>(kept), better);
  scored.resize(kept);
}

/// One search, step by step.
class Search {
 public:
  Search(Connection& sql, vectors::CollectionCache& collections, const UserScope& scope, const base::AgentId& agent,
         const MemoryQuery& query)
      : sql_(sql),
        collections_(collections),
        scope_(scope),
        agent_(agent),
        query_(query),
        wanted_(static_cast<std::size_t>(std::max<std::int64_t>(query.candidates, 1))),
        space_{scope.user(), agent, query.embedding.model, static_cast<std::int64_t>(query.embedding.values.size())} {}

  std::vector<Candidate> run() {
    if (!query_.filter.empty()) allowed_ = rows_that_hold(sql_, scope_, agent_, query_.filter);
    if (allowed_ && allowed_->empty()) return {};
    const auto near = nearest();
    const ReadTransaction reading(sql_);
    const auto lexical = best_by_words();
    add_cosines(near, lexical);
    return candidates();
  }

 private:
  std::vector<vectors::Candidate> nearest() {
    if (!any_of(sql_.query(kHasSpace, space_.user, space_.agent, space_.model, space_.dimension))) return {};
    const auto collection = open_collection(sql_, collections_, space_);
    const auto allowed = allowed_ ? std::optional<std::span<const std::int64_t>>(*allowed_) : std::nullopt;
    return collection->search(query_.embedding.values, vectors::rescore_count(wanted_), allowed);
  }

  /// The best rows by words; fills the lexical part of every row that was looked at closely.
  std::vector<Scored> best_by_words() {
    const auto matches = match_words(sql_, scope_, agent_, query_.text, allowed_);
    std::vector<Scored> bounds;
    for (std::size_t i = 0; i < matches.rows.size(); ++i) {
      bounds.push_back({static_cast<std::int64_t>(i), matches.scorer.bound(matches.rows[i].counts)});
    }
    keep_best(bounds, kLexicalOversampling * wanted_);
    std::vector<Scored> best;
    for (const auto& bound : bounds) {
      const auto& row = matches.rows[static_cast<std::size_t>(bound.row_id)];
      const auto bytes = value_of<std::int64_t>(sql_.query(kTextBytes, row.row_id, scope_.user(), agent_), -1);
      if (bytes < 0) continue;
      best.push_back({row.row_id, matches.scorer.score(row.counts, static_cast<double>(bytes))});
      parts_[row.row_id].lexical = best.back().score;
    }
    keep_best(best, wanted_);
    return best;
  }

  /// Exact cosines of both lists, and which rows are the candidates.
  void add_cosines(std::vector<vectors::Candidate> near, const std::vector<Scored>& lexical) {
    for (const auto& row : lexical) {
      chosen_.push_back(row.row_id);
      if (std::ranges::find(near, row.row_id, &vectors::Candidate::row_id) == near.end())
        near.push_back({row.row_id, 0});
    }
    const auto fetch = [&](std::int64_t row_id, std::span<float> out) { return fetch_vector(row_id, out); };
    const auto matches = vectors::rescore(query_.embedding.values, near, near.size(), fetch);
    for (std::size_t i = 0; i < matches.size(); ++i) {
      parts_[matches[i].row_id].semantic = std::clamp<double>(matches[i].score, 0, 1);
      if (i < wanted_) chosen_.push_back(matches[i].row_id);
    }
  }

  bool fetch_vector(std::int64_t row_id, std::span<float> out) {
    auto rows = sql_.query(kVector, row_id, space_.user, space_.agent, space_.model, space_.dimension);
    if (!rows.next()) return false;
    Blob stored;
    rows.read(stored);
    return read_stored(stored, out);
  }

  std::vector<Candidate> candidates() {
    std::ranges::sort(chosen_);
    const auto doubles = std::ranges::unique(chosen_);
    chosen_.erase(doubles.begin(), doubles.end());
    std::vector<Candidate> found;
    for (const auto row_id : chosen_) {
      auto memory = memory_by_row(sql_, scope_, agent_, row_id);
      if (memory) found.push_back({.memory = std::move(*memory), .parts = parts_[row_id]});
    }
    return found;
  }

  Connection& sql_;
  vectors::CollectionCache& collections_;
  const UserScope& scope_;
  const base::AgentId& agent_;
  const MemoryQuery& query_;
  const std::size_t wanted_;
  const VectorSpace space_;
  std::optional<std::vector<std::int64_t>> allowed_;
  std::unordered_map<std::int64_t, ScoreParts> parts_;
  std::vector<std::int64_t> chosen_;
};

}  // namespace

std::vector<Candidate> search_memories(Connection& sql, vectors::CollectionCache& collections, const UserScope& scope,
                                       const base::AgentId& agent, const MemoryQuery& query) {
  return Search(sql, collections, scope, agent, query).run();
}

}  // namespace codelab::infra::sqlite
