#include "infra/sqlite/vector_spaces.hpp"

#include <bit>
#include <cstring>

namespace codelab::infra::sqlite {
namespace {

static_assert(std::endian::native == std::endian::little, "vectors are stored as they lie in memory");

constexpr Sql kVectorsOfSpace =
    "SELECT m.row_id, v.vector FROM memories m JOIN memory_vectors v ON v.row_id = m.row_id "
    "WHERE m.user_id = ? AND m.agent_id = ? AND m.embedding_model = ? AND m.dimension = ?";

vectors::QuantizedCollection load(Connection& sql, const VectorSpace& space) {
  const auto dimension = static_cast<std::size_t>(space.dimension);
  vectors::QuantizedCollection collection(dimension);
  std::vector<float> vector(dimension);
  auto rows = sql.query(kVectorsOfSpace, space.user, space.agent, space.model, space.dimension);
  while (rows.next()) {
    std::int64_t row_id = 0;
    Blob stored;
    rows.read(row_id, stored);
    if (read_stored(stored, vector)) collection.add(row_id, vector);
  }
  return collection;
}

}  // namespace

vectors::CollectionCache::Key VectorSpace::key() const {
  std::string key;
  key.append(reinterpret_cast<const char*>(user.bytes.data()), user.bytes.size());
  key.append(reinterpret_cast<const char*>(agent.bytes.data()), agent.bytes.size());
  key += std::to_string(dimension);
  key += ':';
  key += model;
  return key;
}

std::shared_ptr<vectors::CachedCollection> open_collection(Connection& sql, vectors::CollectionCache& collections,
                                                           const VectorSpace& space) {
  return collections.get_or_build(space.key(), [&] { return load(sql, space); });
}

Blob as_stored(std::span<const float> vector) { return std::as_bytes(vector); }

bool read_stored(Blob stored, std::span<float> out) {
  if (stored.size() != out.size_bytes()) return false;
  std::memcpy(out.data(), stored.data(), stored.size());
  return true;
}

}  // namespace codelab::infra::sqlite
