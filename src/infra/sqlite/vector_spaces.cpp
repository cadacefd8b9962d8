#include "infra/sqlite/vector_spaces.hpp"

#include <bit>
#include <cstring>

namespace codelab::infra::sqlite {

static_assert(std::endian::native == std::endian::little, "vectors are stored as they lie in memory");

Blob as_stored(std::span<const float> vector) { return std::as_bytes(vector); }

bool read_stored(Blob stored, std::span<float> out) {
  if (stored.size() != out.size_bytes()) return false;
  std::memcpy(out.data(), stored.data(), stored.size());
  return true;
}

}  // namespace codelab::infra::sqlite
