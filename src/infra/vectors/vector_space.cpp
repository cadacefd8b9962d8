#include "infra/vectors/vector_space.hpp"

#include <bit>
#include <cstring>

namespace codelab::infra::vectors {

static_assert(std::endian::native == std::endian::little, "vectors are stored as they lie in memory");

std::string key_of(const base::UserId& user, const base::AgentId& agent) {
  std::string key;
  key.append(reinterpret_cast<const char*>(user.bytes.data()), user.bytes.size());
  key.append(reinterpret_cast<const char*>(agent.bytes.data()), agent.bytes.size());
  return key;
}

std::string key_of(const VectorSpace& space) {
  return key_of(space.user, space.agent) + std::to_string(space.dimension) + ':' + space.model;
}

std::span<const std::byte> as_stored(std::span<const float> vector) { return std::as_bytes(vector); }

bool read_stored(std::span<const std::byte> stored, std::span<float> out) {
  if (stored.size() != out.size_bytes()) return false;
  std::memcpy(out.data(), stored.data(), stored.size());
  return true;
}

}  // namespace codelab::infra::vectors
