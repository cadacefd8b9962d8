#include "infra/postgres/memory_search.hpp"

#include <algorithm>
#include <span>
#include <unordered_map>
#include <utility>

#include "base/offload.hpp"
#include "core/memory/metadata_filter.hpp"
#include "infra/postgres/memory_changes.hpp"
#include "infra/postgres/memory_rows.hpp"
#include "infra/vectors/rescore.hpp"

namespace codelab::infra::postgres {
namespace {

using core::memory::MemoryHit;
using core::memory::MemoryItem;
using core::memory::MemoryQuery;

/// Behind the three statements of ask_for_changes().
constexpr std::size_t kMetadataAnswer = 3;

constexpr Sql kMetadata =
    "SELECT position, metadata FROM memories WHERE user_id = $1 AND agent_id = $2 AND strpos(metadata::text, $3) > 0";
constexpr Sql kMemoriesAt =
    "SELECT id, kind, text, metadata, embedding_model, created_at, position FROM memories "
    "WHERE user_id = $1 AND agent_id = $2 AND position = ANY($3)";
constexpr int kPositionColumn = 6;
constexpr Sql kVectorsAt =
    "SELECT m.position, (SELECT v.vector FROM memory_vectors v WHERE v.user_id = m.user_id "
    "AND v.agent_id = m.agent_id AND v.memory_id = m.id) FROM memories m "
    "WHERE m.user_id = $1 AND m.agent_id = $2 AND m.position = ANY($3) AND m.embedding_model = $4 AND m.dimension = $5";

using Allowed = std::optional<std::span<const std::int64_t>>;

bool better(const words::WordHit& left, const words::WordHit& right) {
  return left.score != right.score ? left.score > right.score : left.row_id > right.row_id;
}

}  // namespace

MemorySearch::MemorySearch(Database& database, MemoryIndexes& indexes, boost::asio::thread_pool& threads,
                           core::identity::UserScope scope, base::AgentId agent, MemoryQuery query)
    : database_(database),
      indexes_(indexes),
      threads_(threads),
      scope_(scope),
      query_(std::move(query)),
      space_{scope_.user(), agent, query_.embedding.model, std::ssize(query_.embedding.values)},
      wanted_(static_cast<std::size_t>(std::max<std::int64_t>(query_.candidates, 1))),
      index_(indexes_.open(space_)) {}

base::Task<std::vector<MemoryHit>> MemorySearch::run() {
  Step step = Step::read_on;
  while (step == Step::read_on) {
    asked_from_ = index_->position();
    Batch question = state_and_changes();
    auto answer = co_await database_.read("memory.look", scope_, std::move(question));
    auto work = [this, answer = std::move(answer)]() mutable { return look(std::move(answer)); };
    step = co_await base::offload(threads_, std::move(work));
  }
  const Positions wanted = step == Step::found ? candidates() : Positions{};
  if (wanted.empty()) co_return std::vector<MemoryHit>{};
  Batch question = memories_at(wanted);
  auto answer = co_await database_.read("memory.fetch", scope_, std::move(question));
  if (!best_) choose_by_stored(std::move(answer.at(1)));
  co_return hits(std::move(answer.at(0)));
}

Batch MemorySearch::state_and_changes() const {
  Batch batch;
  ask_for_changes(batch, space_, asked_from_);
  if (!query_.filter.empty() && !allowed_) {
    batch.add(kMetadata, space_.user, space_.agent, core::memory::needle_of(query_.filter));
  }
  return batch;
}

MemorySearch::Step MemorySearch::look(Answer answer) {
  if (!query_.filter.empty() && !allowed_) {
    allowed_ = positions_that_hold(std::move(answer.at(kMetadataAnswer)), query_.filter);
    if (allowed_->empty()) return Step::nothing_found;
  }
  const Step step = catch_up(answer);
  if (step == Step::found) find_candidates();
  return step;
}

MemorySearch::Step MemorySearch::catch_up(Answer& answer) {
  const auto read = read_changes(answer, space_, asked_from_, indexes_.tokenizer());
  if (!read.changes) {
    indexes_.drop(space_, *index_);
    if (!read.any_memories) return Step::nothing_found;
    index_ = indexes_.open(space_);
    return Step::read_on;
  }
  const bool applied = index_->apply(*read.changes);
  indexes_.changed(space_, *index_);
  return applied && !read.more ? Step::found : Step::read_on;
}

/// Somewhat more are looked at than are wanted, for the exact order may differ from the estimated one.
void MemorySearch::find_candidates() {
  const Allowed allowed = allowed_ ? Allowed(*allowed_) : std::nullopt;
  const auto& embedding = query_.embedding.values;
  nearest_ = index_->vectors().search(embedding, vectors::rescore_count((wanted_ + 1) / 2), allowed);
  Positions also;
  for (const auto& each : nearest_) also.push_back(each.row_id);
  auto words = indexes_.tokenizer().looked_for(query_.text);
  const words::WordQuery query{.stems = std::move(words.stems), .wanted = wanted_, .also = also, .allowed = allowed};
  by_words_ = index_->words().search(query).value();
  std::ranges::sort(by_words_, better);
  const auto all = to_score();
  if (const auto cosines = index_->vectors().rescore(embedding, all, all.size())) choose(*cosines);
}

/// `cosines` are those of all candidates of this vector space, best first.
void MemorySearch::choose(const std::vector<vectors::Match>& cosines) {
  std::vector<vectors::Match> nearest;
  for (const auto& match : cosines) {
    if (nearest.size() == wanted_) break;
    if (std::ranges::find(nearest_, match.row_id, &vectors::Candidate::row_id) != nearest_.end()) {
      nearest.push_back(match);
    }
  }
  std::vector<words::WordHit> by_words;
  for (const auto& hit : by_words_) {
    const bool is_near = std::ranges::find(nearest, hit.row_id, &vectors::Match::row_id) != nearest.end();
    if (is_near || std::cmp_less(&hit - by_words_.data(), wanted_)) by_words.push_back(hit);
  }
  auto joined = core::memory::join(core::memory::scores_of(nearest), core::memory::scores_of(by_words),
                                   core::memory::scores_of(cosines));
  best_ = core::memory::fuse(std::move(joined), query_.top_k, query_.min_score);
}

MemorySearch::Positions MemorySearch::candidates() const {
  Positions positions;
  if (best_) {
    for (const auto& each : *best_) positions.push_back(each.row_id);
  } else {
    for (const auto& each : to_score()) positions.push_back(each.row_id);
  }
  return positions;
}

/// All candidates, each once.
std::vector<vectors::Candidate> MemorySearch::to_score() const {
  auto all = nearest_;
  for (const auto& hit : by_words_) {
    if (std::ranges::find(nearest_, hit.row_id, &vectors::Candidate::row_id) == nearest_.end()) {
      all.push_back({hit.row_id, 0});
    }
  }
  return all;
}

Batch MemorySearch::memories_at(const Positions& positions) const {
  Batch batch;
  batch.add(kMemoriesAt, space_.user, space_.agent, positions);
  if (!best_) batch.add(kVectorsAt, space_.user, space_.agent, positions, space_.model, space_.dimension);
  return batch;
}

void MemorySearch::choose_by_stored(Rows rows) {
  std::unordered_map<std::int64_t, std::vector<float>> stored;
  while (rows.next()) {
    std::int64_t position = 0;
    std::optional<std::span<const std::byte>> bytes;
    rows.read(position, bytes);
    std::vector<float> vector(query_.embedding.values.size());
    if (bytes && vectors::read_stored(*bytes, vector)) stored.emplace(position, std::move(vector));
  }
  const auto fetch = [&](std::int64_t position) {
    const auto found = stored.find(position);
    return found == stored.end() ? std::span<const float>() : std::span<const float>(found->second);
  };
  const auto all = to_score();
  choose(vectors::rescore(query_.embedding.values, all, all.size(), fetch));
}

/// What was in memory may be gone meanwhile: only what the database has is found.
std::vector<MemoryHit> MemorySearch::hits(Rows rows) const {
  std::unordered_map<std::int64_t, MemoryItem> memories;
  while (rows.next()) {
    std::int64_t position = 0;
    rows.read_at(kPositionColumn, position);
    memories.emplace(position, read_memory(rows));
  }
  std::vector<MemoryHit> found;
  for (const auto& each : *best_) {
    const auto memory = memories.find(each.row_id);
    if (memory == memories.end()) continue;
    found.push_back({.memory = std::move(memory->second), .score = each.score, .parts = each.parts});
  }
  return found;
}

}  // namespace codelab::infra::postgres
