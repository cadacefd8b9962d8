#include "infra/sqlite/memory_search.hpp"

#include <algorithm>
#include <utility>

#include "core/memory/fusion.hpp"
#include "infra/sqlite/lexical_search.hpp"
#include "infra/sqlite/memory_rows.hpp"
#include "infra/sqlite/rows.hpp"
#include "infra/vectors/rescore.hpp"

namespace codelab::infra::sqlite {
namespace {

using core::identity::UserScope;
using core::memory::Candidate;
using core::memory::MemoryHit;
using core::memory::MemoryQuery;

constexpr Sql kVector =
    "SELECT v.vector FROM memories m JOIN memory_vectors v ON v.row_id = m.row_id "
    "WHERE m.row_id = ? AND m.user_id = ? AND m.agent_id = ? AND m.embedding_model = ? AND m.dimension = ?";

/// One search, step by step.
class Search {
 public:
  Search(Connection& sql, MemoryIndexes& indexes, const UserScope& scope, const base::AgentId& agent,
         const MemoryQuery& query)
      : sql_(sql),
        scope_(scope),
        agent_(agent),
        query_(query),
        wanted_(static_cast<std::size_t>(std::max<std::int64_t>(query.candidates, 1))),
        space_{scope.user(), agent, query.embedding.model, static_cast<std::int64_t>(query.embedding.values.size())},
        vectors_(indexes.open_vectors(sql, space_)),
        words_(indexes.open_words(sql, space_.user, agent)) {}

  std::vector<MemoryHit> run() {
    const ReadTransaction reading(sql_);
    if (!query_.filter.empty()) allowed_ = rows_that_hold(sql_, scope_, agent_, query_.filter);
    if (allowed_ && allowed_->empty()) return {};
    return hits(core::memory::fuse(candidates(), query_.top_k, query_.min_score));
  }

 private:
  using Rows = std::optional<std::span<const std::int64_t>>;

  Rows allowed() const { return allowed_ ? Rows(*allowed_) : std::nullopt; }

  /// Somewhat more are looked at than are wanted, for the exact order may differ from the estimated one.
  std::vector<Candidate> candidates() {
    const auto estimated =
        vectors_->search(query_.embedding.values, vectors::rescore_count((wanted_ + 1) / 2), allowed());
    const auto nearest = core::memory::scores_of(rescored(estimated, wanted_));
    std::vector<std::int64_t> near_rows;
    near_rows.reserve(nearest.size());
    for (const auto& each : nearest) near_rows.push_back(each.row_id);
    const auto by_words = hits_by_words(near_rows);
    std::vector<vectors::Candidate> added;
    for (const auto& hit : by_words) {
      if (std::ranges::find(near_rows, hit.row_id) == near_rows.end()) added.push_back({hit.row_id, 0});
    }
    const auto cosines = core::memory::scores_of(rescored(added, added.size()));
    return core::memory::join(nearest, core::memory::scores_of(by_words), cosines);
  }

  std::vector<words::WordHit> hits_by_words(const std::vector<std::int64_t>& nearest) {
    const auto words = words_of(sql_, query_.text);
    const words::WordQuery query{.stems = words.stems, .wanted = wanted_, .also = nearest, .allowed = allowed()};
    auto hits = words_->search(query);
    return hits ? std::move(*hits) : search_text_index(sql_, scope_, agent_, words, query);
  }

  std::vector<vectors::Match> rescored(const std::vector<vectors::Candidate>& candidates, std::size_t top) {
    auto at_hand = vectors_->rescore(query_.embedding.values, candidates, top);
    if (at_hand) return std::move(*at_hand);
    std::vector<float> vector(query_.embedding.values.size());
    const auto fetch = [&](std::int64_t row_id) {
      return read_vector(row_id, vector) ? std::span<const float>(vector) : std::span<const float>();
    };
    return vectors::rescore(query_.embedding.values, candidates, top, fetch);
  }

  bool read_vector(std::int64_t row_id, std::span<float> out) {
    auto rows = sql_.query(kVector, row_id, space_.user, space_.agent, space_.model, space_.dimension);
    if (!rows.next()) return false;
    Blob stored;
    rows.read(stored);
    return vectors::read_stored(stored, out);
  }

  /// What was at hand may be gone meanwhile: only what the database has is found.
  std::vector<MemoryHit> hits(const std::vector<Candidate>& best) {
    std::vector<MemoryHit> found;
    found.reserve(best.size());
    for (const auto& each : best) {
      auto memory = memory_by_row(sql_, scope_, agent_, each.row_id);
      if (memory) found.push_back({.memory = std::move(*memory), .score = each.score, .parts = each.parts});
    }
    return found;
  }

  Connection& sql_;
  const UserScope& scope_;
  const base::AgentId& agent_;
  const MemoryQuery& query_;
  const std::size_t wanted_;
  const VectorSpace space_;
  const std::shared_ptr<vectors::CachedCollection> vectors_;
  const std::shared_ptr<words::CachedWords> words_;
  std::optional<std::vector<std::int64_t>> allowed_;
};

}  // namespace

std::vector<MemoryHit> search_memories(Connection& sql, MemoryIndexes& indexes, const UserScope& scope,
                                       const base::AgentId& agent, const MemoryQuery& query) {
  return Search(sql, indexes, scope, agent, query).run();
}

}  // namespace codelab::infra::sqlite
