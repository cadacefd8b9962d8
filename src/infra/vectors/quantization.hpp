#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "infra/vectors/kernels.hpp"

namespace codelab::infra::vectors {

constexpr std::size_t int8_stride(std::size_t dimension) {
  return (dimension + kInt8Padding - 1) / kInt8Padding * kInt8Padding;
}
constexpr std::size_t words_of_bits(std::size_t dimension) { return (dimension + 63) / 64; }

/// Fills `out` (int8_stride bytes, the padding with zeros) with components in [-127, 127] and returns the scale:
/// vector[i] is about scale * out[i]. Components that are not finite count as 0; a zero vector has scale 0.
float quantize_to_int8(std::span<const float> vector, std::span<std::int8_t> out);

/// Fills `out` (words_of_bits words): a bit is set where the component is positive.
void take_sign_bits(std::span<const float> vector, std::span<std::uint64_t> out);

/// Cuts a query into kBitPlanes planes of words_of_bits words each, see Kernels::dot_bits.
void take_bit_planes(std::span<const float> query, std::span<std::uint64_t> planes);

}  // namespace codelab::infra::vectors
