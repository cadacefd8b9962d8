#include "infra/vectors/kernels.hpp"

#include <bit>
#include <cmath>
#include <vector>

#include <gtest/gtest.h>

#include "clustered_vectors.hpp"
#include "infra/vectors/quantization.hpp"

namespace codelab::infra::vectors {
namespace {

using testing::Random;

const std::size_t kDimensions[] = {1, 7, 31, 32, 33, 63, 64, 65, 96, 255, 256, 257, 300, 512, 1000, 1536, 8000, 65536};

class FastKernels : public ::testing::Test {
 protected:
  void SetUp() override {
    if (avx2_kernels() == nullptr) GTEST_SKIP() << "this processor has only the portable kernels";
  }

  const Kernels& portable = portable_kernels();
  Random random{1};
};

TEST_F(FastKernels, AgreeWithThePortableOnesOnInt8) {
  constexpr std::size_t kRows = 3;
  for (const std::size_t dimension : kDimensions) {
    const std::size_t stride = int8_stride(dimension);
    std::vector<std::int8_t> query(stride), rows(kRows * stride);
    for (auto& value : query) value = static_cast<std::int8_t>(static_cast<int>(random.below(255)) - 127);
    for (auto& value : rows) value = static_cast<std::int8_t>(static_cast<int>(random.below(255)) - 127);
    std::vector<std::int32_t> expected(kRows), actual(kRows);
    portable.dot_int8(query.data(), rows.data(), stride, kRows, expected.data());
    avx2_kernels()->dot_int8(query.data(), rows.data(), stride, kRows, actual.data());
    EXPECT_EQ(actual, expected) << dimension;
  }
}

TEST_F(FastKernels, AgreeWithThePortableOnesOnBits) {
  constexpr std::size_t kRows = 3;
  for (const std::size_t dimension : kDimensions) {
    const std::size_t words = words_of_bits(dimension);
    std::vector<std::uint64_t> planes(kBitPlanes * words), rows(kRows * words);
    for (auto& word : planes) word = random.next();
    for (auto& word : rows) word = random.next();
    std::vector<std::int32_t> expected(kRows), actual(kRows);
    portable.dot_bits(planes.data(), rows.data(), words, kRows, expected.data());
    avx2_kernels()->dot_bits(planes.data(), rows.data(), words, kRows, actual.data());
    EXPECT_EQ(actual, expected) << dimension;
  }
}

TEST_F(FastKernels, AgreeWithThePortableOnesOnFloats) {
  for (const std::size_t dimension : kDimensions) {
    const auto left = testing::random_unit_vector(random, dimension);
    const auto right = testing::random_unit_vector(random, dimension);
    const float expected = portable.dot_float(left.data(), right.data(), dimension);
    EXPECT_NEAR(avx2_kernels()->dot_float(left.data(), right.data(), dimension), expected, 1e-5) << dimension;
  }
}

class EveryKernel : public ::testing::TestWithParam<const Kernels*> {};

TEST_P(EveryKernel, NeitherSaturatesNorOverflowsAtTheExtremes) {
  for (const std::int8_t left : {std::int8_t{127}, std::int8_t{-127}}) {
    for (const std::int8_t right : {std::int8_t{127}, std::int8_t{-127}}) {
      const std::vector<std::int8_t> query(kMaxDimension, left), row(kMaxDimension, right);
      std::int32_t dot = 0;
      GetParam()->dot_int8(query.data(), row.data(), kMaxDimension, 1, &dot);
      EXPECT_EQ(dot, std::int32_t{kMaxDimension} * left * right);
    }
  }
}

TEST_P(EveryKernel, CountsEveryBitOfTheLongestRow) {
  const std::size_t words = words_of_bits(kMaxDimension);
  const std::vector<std::uint64_t> row(words, ~std::uint64_t{0});
  for (std::size_t plane = 0; plane < kBitPlanes; ++plane) {
    std::vector<std::uint64_t> planes(kBitPlanes * words);
    std::fill_n(planes.begin() + static_cast<std::ptrdiff_t>(plane * words), words, ~std::uint64_t{0});
    const std::int32_t weight = plane == 3 ? -8 : 1 << plane;
    std::int32_t sum = 0;
    GetParam()->dot_bits(planes.data(), row.data(), words, 1, &sum);
    EXPECT_EQ(sum, weight * std::int32_t{kMaxDimension});
  }
}

TEST_P(EveryKernel, SumsTheQuerysLevelsAtTheSetBits) {
  const std::vector<float> query{0.7F, -0.7F, 0.1F, 0.3F, -0.5F};
  std::vector<std::uint64_t> planes(kBitPlanes);
  take_bit_planes(query, planes);
  const std::uint64_t bits = 0b10011;
  std::int32_t sum = 0;
  GetParam()->dot_bits(planes.data(), &bits, 1, 1, &sum);
  EXPECT_EQ(sum, 7 - 7 - 5);
}

std::vector<const Kernels*> available_kernels() {
  std::vector<const Kernels*> kernels{&portable_kernels()};
  if (avx2_kernels() != nullptr) kernels.push_back(avx2_kernels());
  return kernels;
}

INSTANTIATE_TEST_SUITE_P(Vectors, EveryKernel, ::testing::ValuesIn(available_kernels()),
                         [](const auto& info) { return info.param->name; });

TEST(Quantization, RestoresEachComponentToHalfAStep) {
  Random random(2);
  for (const std::size_t dimension : {1, 33, 300}) {
    const auto vector = testing::random_unit_vector(random, dimension);
    std::vector<std::int8_t> quantized(int8_stride(dimension), 1);
    const float scale = quantize_to_int8(vector, quantized);
    for (std::size_t i = 0; i < dimension; ++i) {
      EXPECT_NEAR(scale * static_cast<float>(quantized[i]), vector[i], scale * 0.501F);
    }
    for (std::size_t i = dimension; i < quantized.size(); ++i) EXPECT_EQ(quantized[i], 0);
  }
}

TEST(Quantization, TakesZeroAndWhatIsNotFiniteAsZero) {
  std::vector<std::int8_t> quantized(kInt8Padding, 1);
  EXPECT_EQ(quantize_to_int8(std::vector<float>{0.0F, 1e-38F}, quantized), 0);
  EXPECT_EQ(quantized, std::vector<std::int8_t>(kInt8Padding, 0));

  EXPECT_FLOAT_EQ(quantize_to_int8(std::vector<float>{NAN, INFINITY, -0.5F, -INFINITY}, quantized), 0.5F / 127);
  EXPECT_EQ(std::vector(quantized.begin(), quantized.begin() + 4), (std::vector<std::int8_t>{0, 0, -127, 0}));
}

}  // namespace
}  // namespace codelab::infra::vectors
