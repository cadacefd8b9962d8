#include "infra/embedded_models/gemm.hpp"

#include <random>
#include <vector>

#include <gtest/gtest.h>

namespace codelab::infra::embedded_models {
namespace {

std::vector<float> random_floats(std::size_t count) {
  std::minstd_rand generator(static_cast<unsigned>(count));
  std::uniform_real_distribution<float> uniform(-1, 1);
  std::vector<float> floats(count);
  for (float& value : floats) value = uniform(generator);
  return floats;
}

class GemmTest : public ::testing::TestWithParam<InstructionSet> {
 protected:
  void SetUp() override {
    if (GetParam() > best_instruction_set()) GTEST_SKIP() << "this processor cannot run the kernel";
  }
  const Multiply multiply_ = multiply_with(GetParam());
};

TEST_P(GemmTest, MultipliesAsTheDefinitionSays) {
  constexpr std::size_t kColumns = 32;
  for (const std::size_t rows : {1U, 2U, 3U, 5U, 6U, 7U, 12U, 13U, 20U, 25U}) {
    for (const std::size_t depth : {1U, 3U, 64U}) {
      const std::size_t stride = depth + 3;
      const auto in = random_floats(rows * stride);
      const auto weights = random_floats(depth * kColumns);
      const auto bias = random_floats(kColumns);
      std::vector<float> storage;
      const auto packed = pack({weights.data(), kColumns}, depth, kColumns, storage);
      std::vector<float> out(rows * (kColumns + 1), 7.0F);
      multiply_({in.data(), stride}, rows, packed, bias, {out.data(), kColumns + 1});
      for (std::size_t r = 0; r < rows; ++r) {
        for (std::size_t c = 0; c < kColumns; ++c) {
          float expected = bias[c];
          for (std::size_t k = 0; k < depth; ++k) expected += in[r * stride + k] * weights[k * kColumns + c];
          ASSERT_NEAR(out[r * (kColumns + 1) + c], expected, 1e-5F) << rows << "x" << depth << " " << r << "," << c;
        }
        ASSERT_EQ(out[r * (kColumns + 1) + kColumns], 7.0F) << "wrote past the row";
      }
    }
  }
}

TEST_P(GemmTest, MultipliesByTransposedRowsWithoutABias) {
  constexpr std::size_t kDepth = 8;
  constexpr std::size_t kCount = 19;
  const auto rows = random_floats(kCount * kDepth);
  std::vector<float> storage;
  const auto packed = pack_transposed({rows.data(), kDepth}, kCount, kDepth, storage);
  ASSERT_EQ(packed.columns, 32U);
  std::vector<float> out(kCount * packed.columns);
  multiply_({rows.data(), kDepth}, kCount, packed, {}, {out.data(), packed.columns});
  for (std::size_t r = 0; r < kCount; ++r) {
    for (std::size_t c = 0; c < packed.columns; ++c) {
      float expected = 0;
      for (std::size_t k = 0; k < kDepth && c < kCount; ++k) expected += rows[r * kDepth + k] * rows[c * kDepth + k];
      ASSERT_NEAR(out[r * packed.columns + c], expected, 1e-5F) << r << "," << c;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(EveryKernel, GemmTest,
                         ::testing::Values(InstructionSet::portable, InstructionSet::avx2, InstructionSet::avx512));

}  // namespace
}  // namespace codelab::infra::embedded_models
