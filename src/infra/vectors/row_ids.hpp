#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace codelab::infra::vectors {

/// Slot to row id and back: ids by slot, and an open-addressed table of slots. About 16 to 24 bytes a row.
/// Slots are dense: 0 to size() - 1. Not thread-safe.
class RowIds {
 public:
  std::size_t size() const noexcept { return ids_.size(); }
  std::size_t bytes() const noexcept;

  std::int64_t id_of(std::uint32_t slot) const noexcept { return ids_[slot]; }
  std::optional<std::uint32_t> slot_of(std::int64_t id) const noexcept;

  /// Makes room for one more. Throws std::bad_alloc, or std::length_error past 2^31 rows; nothing has changed then.
  void make_room();

  /// Gives the next slot to an id that has none. Call make_room() first.
  void append(std::int64_t id) noexcept;

  /// Frees the slot; the last slot's id moves into it.
  void swap_remove(std::uint32_t slot) noexcept;

 private:
  std::size_t home_of(std::int64_t id) const noexcept;
  std::size_t position_of(std::uint32_t slot) const noexcept;
  void insert(std::uint32_t slot) noexcept;
  void erase_at(std::size_t position) noexcept;

  std::vector<std::int64_t> ids_;
  std::vector<std::uint32_t> table_;
};

}  // namespace codelab::infra::vectors
