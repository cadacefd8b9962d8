#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/ids.hpp"
#include "infra/sqlite/connection.hpp"
#include "infra/vectors/collection_cache.hpp"

namespace codelab::infra::sqlite {

/// One agent's memories of one embedding model and dimension: the only vectors that may be compared.
struct VectorSpace {
  base::UserId user;
  base::AgentId agent;
  std::string model;
  std::int64_t dimension = 0;

  /// Its name in a CollectionCache.
  vectors::CollectionCache::Key key() const;
};

/// The vectors that can be searched, built from the stored ones if they are not at hand. Called outside of any
/// transaction.
std::shared_ptr<vectors::CachedCollection> open_collection(Connection& sql, vectors::CollectionCache& collections,
                                                           const VectorSpace& space);

/// A stored vector is float32, little endian.
Blob as_stored(std::span<const float> vector);
/// False when `stored` does not have the size of `out`.
bool read_stored(Blob stored, std::span<float> out);

}  // namespace codelab::infra::sqlite
