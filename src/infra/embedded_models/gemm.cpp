#include "infra/embedded_models/gemm.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace codelab::infra::embedded_models {
namespace {

// Written with the compilers' portable vector types: the same lines become SSE or NEON, AVX2 or AVX-512 code according
// to the target of the function they are inlined into. No vector crosses a call.
template <std::size_t Lanes>
using Vector [[gnu::vector_size(Lanes * sizeof(float))]] = float;

/// One panel times `Rows` rows. The Rows x 16 sums stay in registers for the whole depth.
template <std::size_t Lanes, std::size_t Rows>
[[gnu::always_inline]] inline void multiply_panel(RowMajor<const float> in, const float* panel, std::size_t depth,
                                                  const float* bias, RowMajor<float> out) {
  constexpr std::size_t kVectors = kPanelColumns / Lanes;
  Vector<Lanes> sums[Rows][kVectors] = {};
  if (bias != nullptr) {
#pragma GCC unroll 16
    for (std::size_t row = 0; row < Rows; ++row) __builtin_memcpy(&sums[row], bias, sizeof sums[row]);
  }
  for (std::size_t k = 0; k < depth; ++k) {
    __builtin_prefetch(panel + (depth + k) * kPanelColumns, 0, 2);  // the panel that comes next
    Vector<Lanes> weights[kVectors];
    __builtin_memcpy(&weights, panel + k * kPanelColumns, sizeof weights);
#pragma GCC unroll 16
    for (std::size_t row = 0; row < Rows; ++row) {
      const float value = in.row(row)[k];
#pragma GCC unroll 16
      for (std::size_t v = 0; v < kVectors; ++v) sums[row][v] += weights[v] * value;
    }
  }
#pragma GCC unroll 16
  for (std::size_t row = 0; row < Rows; ++row) __builtin_memcpy(out.row(row), &sums[row], sizeof sums[row]);
}

using PanelKernel = void (*)(RowMajor<const float> in, const float* panel, std::size_t depth, const float* bias,
                             RowMajor<float> out);

template <std::size_t Rows>
void portable_panel(RowMajor<const float> in, const float* panel, std::size_t depth, const float* bias,
                    RowMajor<float> out) {
  multiply_panel<4, Rows>(in, panel, depth, bias, out);
}

#if defined(__x86_64__)
template <std::size_t Rows>
[[gnu::target("avx2,fma")]] void avx2_panel(RowMajor<const float> in, const float* panel, std::size_t depth,
                                            const float* bias, RowMajor<float> out) {
  multiply_panel<8, Rows>(in, panel, depth, bias, out);
}

template <std::size_t Rows>
[[gnu::target("avx512f,fma")]] void avx512_panel(RowMajor<const float> in, const float* panel, std::size_t depth,
                                                 const float* bias, RowMajor<float> out) {
  multiply_panel<16, Rows>(in, panel, depth, bias, out);
}
#endif

/// Every panel is read once from far memory and then, by the further blocks of rows, from the cache. Blocks are of
/// nearly equal height: a short last block would leave the multipliers waiting for its few sums.
template <std::size_t MaxRows>
void multiply_all(const std::array<PanelKernel, MaxRows>& kernels, RowMajor<const float> in, std::size_t rows,
                  const PackedMatrix& weights, std::span<const float> bias, RowMajor<float> out) {
  const std::size_t blocks = (rows + MaxRows - 1) / MaxRows;
  for (std::size_t column = 0; column < weights.columns; column += kPanelColumns) {
    const float* panel = weights.panels + column * weights.depth;
    const float* panel_bias = bias.empty() ? nullptr : bias.data() + column;
    for (std::size_t block = 0; block < blocks; ++block) {
      const std::size_t first = rows * block / blocks;
      const std::size_t height = rows * (block + 1) / blocks - first;
      kernels[height - 1]({in.row(first), in.stride}, panel, weights.depth, panel_bias,
                          {out.row(first) + column, out.stride});
    }
  }
}

void multiply_portable(RowMajor<const float> in, std::size_t rows, const PackedMatrix& weights,
                       std::span<const float> bias, RowMajor<float> out) {
  static constexpr std::array<PanelKernel, 2> kKernels = {portable_panel<1>, portable_panel<2>};
  multiply_all(kKernels, in, rows, weights, bias, out);
}

#if defined(__x86_64__)
void multiply_avx2(RowMajor<const float> in, std::size_t rows, const PackedMatrix& weights, std::span<const float> bias,
                   RowMajor<float> out) {
  static constexpr std::array<PanelKernel, 6> kKernels = {avx2_panel<1>, avx2_panel<2>, avx2_panel<3>,
                                                          avx2_panel<4>, avx2_panel<5>, avx2_panel<6>};
  multiply_all(kKernels, in, rows, weights, bias, out);
}

void multiply_avx512(RowMajor<const float> in, std::size_t rows, const PackedMatrix& weights,
                     std::span<const float> bias, RowMajor<float> out) {
  static constexpr auto kKernels = []<std::size_t... Index>(std::index_sequence<Index...>) {
    return std::array<PanelKernel, sizeof...(Index)>{avx512_panel<Index + 1>...};
  }(std::make_index_sequence<12>{});
  multiply_all(kKernels, in, rows, weights, bias, out);
}
#endif

}  // namespace

InstructionSet best_instruction_set() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f")) return InstructionSet::avx512;
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return InstructionSet::avx2;
#endif
  return InstructionSet::portable;
}

Multiply multiply_with(InstructionSet instructions) {
#if defined(__x86_64__)
  if (instructions == InstructionSet::avx512) return multiply_avx512;
  if (instructions == InstructionSet::avx2) return multiply_avx2;
#endif
  static_cast<void>(instructions);
  return multiply_portable;
}

PackedMatrix pack_transposed(RowMajor<const float> rows, std::size_t count, std::size_t depth,
                             std::vector<float>& storage) {
  const std::size_t columns = round_up_to_panel(count);
  storage.assign(columns * depth, 0.0F);
  for (std::size_t column = 0; column < count; ++column) {
    const float* row = rows.row(column);
    const std::size_t lane = column % kPanelColumns;
    float* panel = storage.data() + (column - lane) * depth;
    for (std::size_t k = 0; k < depth; ++k) panel[k * kPanelColumns + lane] = row[k];
  }
  return {storage.data(), depth, columns};
}

PackedMatrix pack(RowMajor<const float> rows, std::size_t depth, std::size_t columns, std::vector<float>& storage) {
  storage.resize(columns * depth);
  for (std::size_t column = 0; column < columns; column += kPanelColumns) {
    float* panel = storage.data() + column * depth;
    for (std::size_t k = 0; k < depth; ++k) {
      std::copy_n(rows.row(k) + column, kPanelColumns, panel + k * kPanelColumns);
    }
  }
  return {storage.data(), depth, columns};
}

}  // namespace codelab::infra::embedded_models
