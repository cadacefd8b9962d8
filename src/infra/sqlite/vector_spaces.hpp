#pragma once

#include <span>
#include <string>

#include "base/ids.hpp"
#include "infra/sqlite/connection.hpp"

namespace codelab::infra::sqlite {

/// One agent's memories of one embedding model and dimension: the only vectors that may be compared.
struct VectorSpace {
  base::UserId user;
  base::AgentId agent;
  std::string model;
  std::int64_t dimension = 0;
};

/// A stored vector is float32, little endian.
Blob as_stored(std::span<const float> vector);
/// False when `stored` does not have the size of `out`.
bool read_stored(Blob stored, std::span<float> out);

}  // namespace codelab::infra::sqlite
