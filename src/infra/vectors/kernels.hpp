#pragma once

#include <cstddef>
#include <cstdint>

namespace codelab::infra::vectors {

/// Rows of int8 components are padded with zeros to a multiple of this many bytes.
inline constexpr std::size_t kInt8Padding = 32;

/// A query that meets sign bits is cut into this many bit planes, in two's complement: components lie in [-8, 7].
inline constexpr std::size_t kBitPlanes = 4;

/// Longest vector. Keeps every sum of int8 products inside an int32.
inline constexpr std::size_t kMaxDimension = 65536;

/// The inner loops of a scan, as one implementation for one instruction set. All are pure and thread-safe.
/// The integer kernels give the same result in every implementation; the float kernel may round differently.
struct Kernels {
  const char* name;

  /// out[r] = sum over i of query[i] * rows[r * stride + i], for `count` rows.
  /// `stride` is a multiple of kInt8Padding, at most kMaxDimension; components lie in [-127, 127].
  void (*dot_int8)(const std::int8_t* query, const std::int8_t* rows, std::size_t stride, std::size_t count,
                   std::int32_t* out);

  /// out[r] = sum of the query's components at the set bits of row r, for `count` rows of `words` words.
  /// Plane p starts at planes[p * words] and weighs 2^p, the last one -2^p.
  void (*dot_bits)(const std::uint64_t* planes, const std::uint64_t* rows, std::size_t words, std::size_t count,
                   std::int32_t* out);

  float (*dot_float)(const float* left, const float* right, std::size_t dimension);
};

/// Plain C++, for any processor; what the others are tested against.
const Kernels& portable_kernels() noexcept;

/// Null when the build or this processor lacks AVX2, FMA or POPCNT.
const Kernels* avx2_kernels() noexcept;

/// What this processor runs fastest.
const Kernels& fastest_kernels() noexcept;

}  // namespace codelab::infra::vectors
