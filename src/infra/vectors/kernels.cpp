#include "infra/vectors/kernels.hpp"

#include <bit>

namespace codelab::infra::vectors {
namespace {

void dot_int8(const std::int8_t* query, const std::int8_t* rows, std::size_t stride, std::size_t count,
              std::int32_t* out) {
  for (std::size_t row = 0; row < count; ++row, rows += stride) {
    std::int32_t sum = 0;
    for (std::size_t i = 0; i < stride; ++i) sum += std::int32_t{query[i]} * std::int32_t{rows[i]};
    out[row] = sum;
  }
}

void dot_bits(const std::uint64_t* planes, const std::uint64_t* rows, std::size_t words, std::size_t count,
              std::int32_t* out) {
  for (std::size_t row = 0; row < count; ++row, rows += words) {
    std::int32_t sum = 0;
    for (std::size_t plane = 0; plane < kBitPlanes; ++plane) {
      std::int32_t bits = 0;
      for (std::size_t word = 0; word < words; ++word) bits += std::popcount(planes[plane * words + word] & rows[word]);
      const std::int32_t weight = std::int32_t{1} << plane;
      sum += plane + 1 == kBitPlanes ? -weight * bits : weight * bits;
    }
    out[row] = sum;
  }
}

float dot_float(const float* left, const float* right, std::size_t dimension) {
  float sum = 0;
  for (std::size_t i = 0; i < dimension; ++i) sum += left[i] * right[i];
  return sum;
}

constexpr Kernels kPortable{"portable", dot_int8, dot_bits, dot_float};

}  // namespace

const Kernels& portable_kernels() noexcept { return kPortable; }

const Kernels& fastest_kernels() noexcept {
  const Kernels* avx2 = avx2_kernels();
  return avx2 != nullptr ? *avx2 : kPortable;
}

}  // namespace codelab::infra::vectors
