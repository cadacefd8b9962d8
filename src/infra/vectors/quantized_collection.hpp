#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "infra/vectors/kernels.hpp"
#include "infra/vectors/row_blocks.hpp"
#include "infra/vectors/row_ids.hpp"
#include "infra/vectors/top_selection.hpp"

namespace codelab::infra::vectors {

/// Up to this many rows a search scans every int8 row; past it, sign bits choose the rows whose int8 form is read.
inline constexpr std::size_t kInt8ScanLimit = 90'000;

/// Up to this many rows the float32 vectors are kept as well: reading them elsewhere would cost more than the scan.
inline constexpr std::size_t kKeptVectors = 2'048;

struct CollectionOptions {
  const Kernels* kernels = &fastest_kernels();
  std::size_t kept_vectors = kKeptVectors;
  std::size_t int8_scan_limit = kInt8ScanLimit;
};

struct Candidate {
  std::int64_t row_id;
  /// Estimated dot product of the query and the row: the cosine when both are unit vectors.
  float approx_score;

  bool operator==(const Candidate&) const = default;
};

struct QuantizedQuery;

/// Derived arrays for approximate search over unit vectors of one dimension: int8 components with a scale a row, sign
/// bits, row ids. About 1.13 * dimension + 24 bytes a row, and 4 * dimension more as long as there are few. The caller
/// rescores the candidates against the float32 vectors (see rescore.hpp), has all of them and can rebuild this at any
/// time.
///
/// Not thread-safe: any number of concurrent readers, or one writer. A vector or query of another dimension, and a
/// dimension of 0 or beyond kMaxDimension, throw std::invalid_argument. A call that throws has changed nothing.
class QuantizedCollection {
 public:
  explicit QuantizedCollection(std::size_t dimension, CollectionOptions options = {});

  std::size_t dimension() const noexcept { return dimension_; }
  std::size_t size() const noexcept { return ids_.size(); }
  bool contains(std::int64_t row_id) const noexcept { return ids_.slot_of(row_id).has_value(); }

  /// False once there were more rows than are kept with their float32 vectors.
  bool keeps_vectors() const noexcept { return keeps_vectors_; }
  /// The float32 vector of a row; empty when there is no such row, or they are not kept.
  std::span<const float> vector_of(std::int64_t row_id) const noexcept;

  /// Memory held, in bytes.
  std::size_t bytes() const noexcept;

  /// Adds the row, or replaces the vector of a row that is here already. Components that are not finite count as 0.
  void add(std::int64_t row_id, std::span<const float> unit_vector);

  /// False when there is no such row.
  bool remove(std::int64_t row_id) noexcept;

  /// The `top` rows that score best by estimate, best first; fewer when there are fewer. With `allowed_ids` only those
  /// rows are looked at; ids that are unknown or repeated do no harm, and none at all finds nothing.
  std::vector<Candidate> search(std::span<const float> query, std::size_t top,
                                std::optional<std::span<const std::int64_t>> allowed_ids = std::nullopt) const;

 private:
  using Slots = std::vector<std::uint32_t>;

  void require_dimension(std::size_t dimension) const;
  void make_room_for_one();
  void write(std::uint32_t slot, std::span<const float> vector);
  void copy_row(std::uint32_t from, std::uint32_t to) noexcept;
  Slots slots_of(std::span<const std::int64_t> row_ids) const;

  void scan_int8(const QuantizedQuery& query, TopSelection& best) const;
  void scan_int8(const QuantizedQuery& query, const Slots& slots, TopSelection& best) const;
  void scan_bits(const QuantizedQuery& query, TopSelection& best) const;
  void scan_bits(const QuantizedQuery& query, const Slots& slots, TopSelection& best) const;
  std::vector<Candidate> candidates(TopSelection& best) const;

  std::size_t dimension_;
  CollectionOptions options_;
  RowIds ids_;
  RowBlocks<std::int8_t> components_;
  RowBlocks<std::uint64_t> bits_;
  RowBlocks<float> scales_;
  RowBlocks<float> vectors_;
  bool keeps_vectors_ = true;
};

}  // namespace codelab::infra::vectors
