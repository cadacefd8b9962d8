#include "infra/sqlite/memory_indexes.hpp"

#include <utility>

#include "infra/sqlite/fts_functions.hpp"
#include "infra/sqlite/rows.hpp"

namespace codelab::infra::sqlite {
namespace {

constexpr Sql kVectorsOfSpace =
    "SELECT m.row_id, v.vector FROM memories m JOIN memory_vectors v ON v.row_id = m.row_id "
    "WHERE m.user_id = ? AND m.agent_id = ? AND m.embedding_model = ? AND m.dimension = ?";
constexpr Sql kCountMemories =
    "SELECT coalesce(sum(items), 0) FROM memory_collections WHERE user_id = ? AND agent_id = ?";
constexpr Sql kWordsOfAgent =
    "SELECT row_id, text_bytes, collect_words(text, ?3) FROM memories WHERE user_id = ?1 AND agent_id = ?2";

vectors::QuantizedCollection load_vectors(Connection& sql, const VectorSpace& space) {
  const auto dimension = static_cast<std::size_t>(space.dimension);
  vectors::QuantizedCollection collection(dimension);
  std::vector<float> vector(dimension);
  auto rows = sql.query(kVectorsOfSpace, space.user, space.agent, space.model, space.dimension);
  while (rows.next()) {
    std::int64_t row_id = 0;
    Blob stored;
    rows.read(row_id, stored);
    if (vectors::read_stored(stored, vector)) collection.add(row_id, vector);
  }
  return collection;
}

words::WordIndex load_words(Connection& sql, const base::UserId& user, const base::AgentId& agent,
                            std::size_t max_texts) {
  const ReadTransaction reading(sql);
  words::WordIndex index(max_texts);
  if (std::cmp_greater(value_of<std::int64_t>(sql.query(kCountMemories, user, agent)), max_texts)) {
    index.give_up();
    return index;
  }
  words::TextWords collector;
  Pointer<words::TextWords> pointer{&collector, kTextWordsPointer};
  auto rows = sql.query(kWordsOfAgent, user, agent, pointer);
  while (rows.next()) {
    std::int64_t row_id = 0;
    std::int64_t length = 0;
    rows.read(row_id, length);
    index.add(row_id, std::exchange(collector, {}).counted(static_cast<std::size_t>(length)));
  }
  return index;
}

}  // namespace

std::shared_ptr<vectors::CachedCollection> MemoryIndexes::open_vectors(Connection& sql, const VectorSpace& space) {
  return vectors_.get_or_build(vectors::key_of(space), [&] { return load_vectors(sql, space); });
}

std::shared_ptr<words::CachedWords> MemoryIndexes::open_words(Connection& sql, const base::UserId& user,
                                                              const base::AgentId& agent) {
  return words_.get_or_build(vectors::key_of(user, agent), [&] { return load_words(sql, user, agent, max_texts_); });
}

void MemoryIndexes::added(const VectorSpace& space, std::int64_t row_id, std::vector<float> vector,
                          words::CountedText text) noexcept {
  vectors_.added(vectors::key_of(space), row_id, std::move(vector));
  words_.added(vectors::key_of(space.user, space.agent), row_id, std::move(text));
}

void MemoryIndexes::removed(const VectorSpace& space, std::int64_t row_id) noexcept {
  vectors_.removed(vectors::key_of(space), row_id);
  words_.removed(vectors::key_of(space.user, space.agent), row_id);
}

void MemoryIndexes::erase(const VectorSpace& space) noexcept {
  vectors_.erase(vectors::key_of(space));
  words_.erase(vectors::key_of(space.user, space.agent));
}

}  // namespace codelab::infra::sqlite
