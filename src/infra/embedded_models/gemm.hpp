#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

/// Single-precision matrix multiplication for small batches against packed weights.
namespace codelab::infra::embedded_models {

enum class InstructionSet : std::uint8_t { portable, avx2, avx512 };

/// The widest set that this processor runs.
InstructionSet best_instruction_set();

/// Columns of one panel. A packed matrix has a multiple of it.
inline constexpr std::size_t kPanelColumns = 16;

constexpr std::size_t round_up_to_panel(std::size_t columns) {
  return (columns + kPanelColumns - 1) / kPanelColumns * kPanelColumns;
}

/// A view of a depth x columns matrix cut into panels of 16 columns; each panel holds its rows one after the other, so
/// that the multiplication reads memory in order.
struct PackedMatrix {
  const float* panels = nullptr;
  std::size_t depth = 0;
  std::size_t columns = 0;
};

/// A view of a row-major matrix; `stride` is the distance from one row to the next, in floats.
template <class Float>
struct RowMajor {
  Float* data = nullptr;
  std::size_t stride = 0;

  Float* row(std::size_t index) const { return data + index * stride; }
};

/// out[r] = in[r] * weights + bias for every r < rows. `bias` is empty (zero) or has weights.columns values.
/// `out` has room for weights.columns values a row and overlaps neither input.
using Multiply = void (*)(RowMajor<const float> in, std::size_t rows, const PackedMatrix& weights,
                          std::span<const float> bias, RowMajor<float> out);

/// The kernel for `instructions`, which the processor must have.
Multiply multiply_with(InstructionSet instructions);

/// Packs the rows x depth matrix `rows` transposed: a column for every row, zero columns up to a whole panel.
/// The result refers to `storage`, which is overwritten.
PackedMatrix pack_transposed(RowMajor<const float> rows, std::size_t count, std::size_t depth,
                             std::vector<float>& storage);

/// Packs the depth x columns matrix `rows` as it is; `columns` is a multiple of kPanelColumns.
/// The result refers to `storage`, which is overwritten.
PackedMatrix pack(RowMajor<const float> rows, std::size_t depth, std::size_t columns, std::vector<float>& storage);

}  // namespace codelab::infra::embedded_models
