#include "infra/vectors/row_ids.hpp"

#include <bit>
#include <limits>
#include <stdexcept>

namespace codelab::infra::vectors {
namespace {

constexpr std::uint32_t kEmpty = std::numeric_limits<std::uint32_t>::max();
constexpr std::size_t kMaxRows = std::size_t{1} << 31;
constexpr std::size_t kSmallestTable = 16;

}  // namespace

std::size_t RowIds::bytes() const noexcept {
  return ids_.capacity() * sizeof(std::int64_t) + table_.capacity() * sizeof(std::uint32_t);
}

/// The high bits of a product with 2^64 / golden ratio spread consecutive row ids evenly.
std::size_t RowIds::home_of(std::int64_t id) const noexcept {
  const std::uint64_t hash = static_cast<std::uint64_t>(id) * 0x9e37'79b9'7f4a'7c15;
  return hash >> (64 - std::countr_zero(table_.size()));
}

std::optional<std::uint32_t> RowIds::slot_of(std::int64_t id) const noexcept {
  if (table_.empty()) return std::nullopt;
  const std::size_t mask = table_.size() - 1;
  for (std::size_t at = home_of(id); table_[at] != kEmpty; at = (at + 1) & mask) {
    if (ids_[table_[at]] == id) return table_[at];
  }
  return std::nullopt;
}

std::size_t RowIds::position_of(std::uint32_t slot) const noexcept {
  const std::size_t mask = table_.size() - 1;
  std::size_t at = home_of(ids_[slot]);
  while (table_[at] != slot) at = (at + 1) & mask;
  return at;
}

void RowIds::make_room() {
  if (ids_.size() == kMaxRows) throw std::length_error("a vector collection is full");
  if (ids_.size() == ids_.capacity()) ids_.reserve(std::max(kSmallestTable, ids_.size() * 2));
  if (ids_.size() * 2 < table_.size()) return;
  std::vector<std::uint32_t> larger(std::max(kSmallestTable, table_.size() * 2), kEmpty);
  table_.swap(larger);
  for (std::size_t slot = 0; slot < ids_.size(); ++slot) insert(static_cast<std::uint32_t>(slot));
}

void RowIds::insert(std::uint32_t slot) noexcept {
  const std::size_t mask = table_.size() - 1;
  std::size_t at = home_of(ids_[slot]);
  while (table_[at] != kEmpty) at = (at + 1) & mask;
  table_[at] = slot;
}

void RowIds::append(std::int64_t id) noexcept {
  ids_.push_back(id);
  insert(static_cast<std::uint32_t>(ids_.size() - 1));
}

/// Later entries of the same run move back over the gap, so that no tombstone is needed.
void RowIds::erase_at(std::size_t position) noexcept {
  const std::size_t mask = table_.size() - 1;
  std::size_t gap = position;
  for (std::size_t at = (gap + 1) & mask; table_[at] != kEmpty; at = (at + 1) & mask) {
    const std::size_t home = home_of(ids_[table_[at]]);
    const bool may_move = ((at - home) & mask) >= ((at - gap) & mask);
    if (!may_move) continue;
    table_[gap] = table_[at];
    gap = at;
  }
  table_[gap] = kEmpty;
}

void RowIds::swap_remove(std::uint32_t slot) noexcept {
  erase_at(position_of(slot));
  const auto last = static_cast<std::uint32_t>(ids_.size() - 1);
  if (slot != last) {
    table_[position_of(last)] = slot;
    ids_[slot] = ids_[last];
  }
  ids_.pop_back();
}

}  // namespace codelab::infra::vectors
