#include "infra/vectors/kernels.hpp"

#if defined(__x86_64__)

#include <algorithm>
#include <bit>
#include <immintrin.h>

#define CODELAB_AVX2 __attribute__((target("avx2,fma,popcnt")))

namespace codelab::infra::vectors {
namespace {

constexpr std::size_t kWordsPerRegister = 4;

/// A byte counts at most 8 bits a step, so 31 steps fit before the counts must be widened.
constexpr std::size_t kStepsBeforeWidening = 31;

CODELAB_AVX2 inline __m256i load(const void* address) {
  return _mm256_loadu_si256(static_cast<const __m256i*>(address));
}

CODELAB_AVX2 inline std::int32_t sum_of_int32(__m256i lanes) {
  __m128i sum = _mm_add_epi32(_mm256_castsi256_si128(lanes), _mm256_extracti128_si256(lanes, 1));
  sum = _mm_add_epi32(sum, _mm_shuffle_epi32(sum, 0b01'00'11'10));
  sum = _mm_add_epi32(sum, _mm_shuffle_epi32(sum, 0b10'11'00'01));
  return _mm_cvtsi128_si32(sum);
}

/// |query| * sign(row, query) keeps each product. vpmaddubsw adds two of them, at most 2 * 127 * 127 = 32258 in
/// magnitude: it cannot saturate, because no component is -128.
CODELAB_AVX2 inline __m256i products_of_32(const std::int8_t* query, const std::int8_t* row) {
  const __m256i left = load(query);
  const __m256i pairs = _mm256_maddubs_epi16(_mm256_abs_epi8(left), _mm256_sign_epi8(load(row), left));
  return _mm256_madd_epi16(pairs, _mm256_set1_epi16(1));
}

CODELAB_AVX2 void dot_int8(const std::int8_t* query, const std::int8_t* rows, std::size_t stride, std::size_t count,
                           std::int32_t* out) {
  for (std::size_t row = 0; row < count; ++row, rows += stride) {
    __m256i even = _mm256_setzero_si256();
    __m256i odd = _mm256_setzero_si256();
    std::size_t i = 0;
    for (; i + 2 * kInt8Padding <= stride; i += 2 * kInt8Padding) {
      even = _mm256_add_epi32(even, products_of_32(query + i, rows + i));
      odd = _mm256_add_epi32(odd, products_of_32(query + i + kInt8Padding, rows + i + kInt8Padding));
    }
    if (i < stride) even = _mm256_add_epi32(even, products_of_32(query + i, rows + i));
    out[row] = sum_of_int32(_mm256_add_epi32(even, odd));
  }
}

CODELAB_AVX2 inline __m256i low_nibbles(__m256i bytes) { return _mm256_and_si256(bytes, _mm256_set1_epi8(0x0f)); }

CODELAB_AVX2 inline __m256i bits_per_byte(__m256i bytes) {
  const __m256i bits_of_nibble = _mm256_setr_epi8(0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4,  //
                                                  0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4);
  const __m256i low = _mm256_shuffle_epi8(bits_of_nibble, low_nibbles(bytes));
  const __m256i high = _mm256_shuffle_epi8(bits_of_nibble, low_nibbles(_mm256_srli_epi16(bytes, 4)));
  return _mm256_add_epi8(low, high);
}

/// Four 64-bit sums of the weighted bits in `steps` registers' worth of words, at most kStepsBeforeWidening.
CODELAB_AVX2 inline __m256i weighted_bits(const std::uint64_t* planes, const std::uint64_t* row, std::size_t words,
                                          std::size_t steps) {
  __m256i count0 = _mm256_setzero_si256();
  __m256i count1 = _mm256_setzero_si256();
  __m256i count2 = _mm256_setzero_si256();
  __m256i count3 = _mm256_setzero_si256();
  for (std::size_t step = 0; step < steps; ++step) {
    const std::size_t word = step * kWordsPerRegister;
    const __m256i bits = load(row + word);
    count0 = _mm256_add_epi8(count0, bits_per_byte(_mm256_and_si256(bits, load(planes + word))));
    count1 = _mm256_add_epi8(count1, bits_per_byte(_mm256_and_si256(bits, load(planes + words + word))));
    count2 = _mm256_add_epi8(count2, bits_per_byte(_mm256_and_si256(bits, load(planes + 2 * words + word))));
    count3 = _mm256_add_epi8(count3, bits_per_byte(_mm256_and_si256(bits, load(planes + 3 * words + word))));
  }
  const __m256i zero = _mm256_setzero_si256();
  const __m256i ones = _mm256_sad_epu8(count0, zero);
  const __m256i twos = _mm256_slli_epi64(_mm256_sad_epu8(count1, zero), 1);
  const __m256i fours = _mm256_slli_epi64(_mm256_sad_epu8(count2, zero), 2);
  const __m256i eights = _mm256_slli_epi64(_mm256_sad_epu8(count3, zero), 3);
  return _mm256_sub_epi64(_mm256_add_epi64(_mm256_add_epi64(ones, twos), fours), eights);
}

CODELAB_AVX2 inline std::int32_t weighted_bits_of_word(const std::uint64_t* planes, std::uint64_t bits,
                                                       std::size_t words) {
  const std::int32_t ones = std::popcount(planes[0] & bits);
  const std::int32_t twos = std::popcount(planes[words] & bits);
  const std::int32_t fours = std::popcount(planes[2 * words] & bits);
  const std::int32_t eights = std::popcount(planes[3 * words] & bits);
  return ones + 2 * twos + 4 * fours - 8 * eights;
}

CODELAB_AVX2 void dot_bits(const std::uint64_t* planes, const std::uint64_t* rows, std::size_t words, std::size_t count,
                           std::int32_t* out) {
  static_assert(kBitPlanes == 4);
  const std::size_t registers = words / kWordsPerRegister;
  for (std::size_t row = 0; row < count; ++row, rows += words) {
    __m256i sums = _mm256_setzero_si256();
    for (std::size_t done = 0; done < registers; done += kStepsBeforeWidening) {
      const std::size_t word = done * kWordsPerRegister;
      const std::size_t steps = std::min(kStepsBeforeWidening, registers - done);
      sums = _mm256_add_epi64(sums, weighted_bits(planes + word, rows + word, words, steps));
    }
    // The 64-bit sums fit in their low halves; the high halves of negative ones are dropped with the shuffle.
    std::int32_t sum = sum_of_int32(_mm256_and_si256(sums, _mm256_set1_epi64x(0xffff'ffff)));
    for (std::size_t word = registers * kWordsPerRegister; word < words; ++word) {
      sum += weighted_bits_of_word(planes + word, rows[word], words);
    }
    out[row] = sum;
  }
}

CODELAB_AVX2 float dot_float(const float* left, const float* right, std::size_t dimension) {
  constexpr std::size_t kFloats = 8;
  __m256 sums[4] = {_mm256_setzero_ps(), _mm256_setzero_ps(), _mm256_setzero_ps(), _mm256_setzero_ps()};
  std::size_t i = 0;
  for (; i + 4 * kFloats <= dimension; i += 4 * kFloats) {
    for (std::size_t part = 0; part < 4; ++part) {
      const std::size_t at = i + part * kFloats;
      sums[part] = _mm256_fmadd_ps(_mm256_loadu_ps(left + at), _mm256_loadu_ps(right + at), sums[part]);
    }
  }
  const __m256 all = _mm256_add_ps(_mm256_add_ps(sums[0], sums[1]), _mm256_add_ps(sums[2], sums[3]));
  __m128 half = _mm_add_ps(_mm256_castps256_ps128(all), _mm256_extractf128_ps(all, 1));
  half = _mm_add_ps(half, _mm_movehl_ps(half, half));
  float sum = _mm_cvtss_f32(_mm_add_ss(half, _mm_movehdup_ps(half)));
  for (; i < dimension; ++i) sum += left[i] * right[i];
  return sum;
}

constexpr Kernels kAvx2{"avx2", dot_int8, dot_bits, dot_float};

}  // namespace

const Kernels* avx2_kernels() noexcept {
  const bool supported =
      __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("popcnt");
  return supported ? &kAvx2 : nullptr;
}

}  // namespace codelab::infra::vectors

#else

namespace codelab::infra::vectors {

const Kernels* avx2_kernels() noexcept { return nullptr; }

}  // namespace codelab::infra::vectors

#endif
