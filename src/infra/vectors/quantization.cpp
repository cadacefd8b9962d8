#include "infra/vectors/quantization.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

namespace codelab::infra::vectors {
namespace {

constexpr float kInt8Limit = 127;
constexpr float kPlaneLimit = (1 << (kBitPlanes - 1)) - 1;

/// Below this a vector counts as zero: its inverse would not be finite.
constexpr float kSmallestMagnitude = 1e-30F;

/// Components beyond this many times the root mean square are clipped when a query is cut into planes: one outlying
/// component, common in real embeddings, would else leave no levels for all the others.
constexpr float kPlaneClip = 3;

constexpr std::uint32_t kBitsOfInfinity = 0x7f80'0000;

/// The bits of |value|, which order as integers do, and 0 for what is not finite. Integers let the loops vectorise.
std::uint32_t magnitude_bits(float value) {
  const std::uint32_t bits = std::bit_cast<std::uint32_t>(value) & 0x7fff'ffff;
  return bits < kBitsOfInfinity ? bits : 0;
}

float finite_or_zero(float value) { return magnitude_bits(value) == 0 ? 0.0F : value; }

int rounded(float value) { return static_cast<int>(value + std::copysign(0.5F, value)); }

float largest_magnitude(std::span<const float> vector) {
  std::uint32_t largest = 0;
  for (const float value : vector) largest = std::max(largest, magnitude_bits(value));
  return std::bit_cast<float>(largest);
}

float root_mean_square(std::span<const float> vector) {
  double sum = 0;
  for (const float value : vector) sum += double{finite_or_zero(value)} * double{finite_or_zero(value)};
  return static_cast<float>(std::sqrt(sum / static_cast<double>(vector.size())));
}

}  // namespace

float quantize_to_int8(std::span<const float> vector, std::span<std::int8_t> out) {
  const float largest = largest_magnitude(vector);
  if (largest < kSmallestMagnitude) {
    std::ranges::fill(out, std::int8_t{0});
    return 0;
  }
  const float inverse = kInt8Limit / largest;
  for (std::size_t i = 0; i < vector.size(); ++i) {
    out[i] = static_cast<std::int8_t>(rounded(finite_or_zero(vector[i]) * inverse));
  }
  std::ranges::fill(out.subspan(vector.size()), std::int8_t{0});
  return largest / kInt8Limit;
}

void take_sign_bits(std::span<const float> vector, std::span<std::uint64_t> out) {
  for (std::size_t word = 0; word < out.size(); ++word) {
    const auto part = vector.subspan(word * 64, std::min<std::size_t>(64, vector.size() - word * 64));
    std::uint64_t bits = 0;
    for (std::size_t i = 0; i < part.size(); ++i) bits |= std::uint64_t{part[i] > 0} << i;
    out[word] = bits;
  }
}

void take_bit_planes(std::span<const float> query, std::span<std::uint64_t> planes) {
  std::ranges::fill(planes, std::uint64_t{0});
  const float limit = std::min(largest_magnitude(query), kPlaneClip * root_mean_square(query));
  if (limit < kSmallestMagnitude) return;
  const std::size_t words = words_of_bits(query.size());
  const float inverse = kPlaneLimit / limit;
  for (std::size_t i = 0; i < query.size(); ++i) {
    const float level = std::clamp(finite_or_zero(query[i]) * inverse, -kPlaneLimit, kPlaneLimit);
    const auto pattern = static_cast<std::uint64_t>(rounded(level));
    for (std::size_t plane = 0; plane < kBitPlanes; ++plane) {
      planes[plane * words + i / 64] |= (pattern >> plane & 1) << (i % 64);
    }
  }
}

}  // namespace codelab::infra::vectors
