#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "base/ids.hpp"

namespace codelab::infra::vectors {

/// One agent's memories of one embedding model and dimension: the only vectors that may be compared.
struct VectorSpace {
  base::UserId user;
  base::AgentId agent;
  std::string model;
  std::int64_t dimension = 0;
};

/// Names an agent, or a vector space, in a cache of all users' indexes.
std::string key_of(const base::UserId& user, const base::AgentId& agent);
std::string key_of(const VectorSpace& space);

/// A stored vector is float32, little endian. Valid as long as `vector`.
std::span<const std::byte> as_stored(std::span<const float> vector);
/// False when `stored` does not have the size of `out`.
bool read_stored(std::span<const std::byte> stored, std::span<float> out);

}  // namespace codelab::infra::vectors
