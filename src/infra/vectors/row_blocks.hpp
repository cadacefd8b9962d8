#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <new>
#include <type_traits>
#include <vector>

namespace codelab::infra::vectors {

/// Rows of `stride` values each, in blocks aligned to a cache line. Growth copies at most one block, however many rows
/// there are, and rows never move otherwise. Not thread-safe.
template <class Value>
class RowBlocks {
  static_assert(std::is_trivially_copyable_v<Value>);

 public:
  static constexpr std::size_t kRowsPerBlock = 1024;

  explicit RowBlocks(std::size_t stride) : stride_(stride) {}

  std::size_t stride() const noexcept { return stride_; }

  /// Memory held, in bytes.
  std::size_t bytes() const noexcept { return bytes_ + blocks_.capacity() * sizeof(Block); }

  Value* row(std::size_t index) noexcept { return blocks_[index / kRowsPerBlock].get() + offset(index); }
  const Value* row(std::size_t index) const noexcept { return blocks_[index / kRowsPerBlock].get() + offset(index); }

  /// Makes row `index`, the one after the last, writable; its content is undefined. May throw std::bad_alloc, and then
  /// nothing has changed.
  void make_room_for(std::size_t index) {
    const std::size_t used = index % kRowsPerBlock;
    if (index / kRowsPerBlock == blocks_.size()) {
      blocks_.reserve(blocks_.size() + 1);
      blocks_.push_back(allocate(kFirstRows));
      rows_in_last_ = kFirstRows;
    } else if (used == rows_in_last_) {
      grow_last(used);
    }
  }

  /// Gives back what rows from `count` on no longer need.
  void shrink_to(std::size_t count) noexcept {
    while (blocks_.size() * kRowsPerBlock >= count + kRowsPerBlock) {
      bytes_ -= block_bytes(rows_in_last_);
      blocks_.pop_back();
      rows_in_last_ = kRowsPerBlock;
    }
  }

 private:
  static constexpr std::size_t kFirstRows = 16;
  static constexpr std::align_val_t kAlignment{64};

  struct Free {
    void operator()(Value* values) const noexcept { ::operator delete(values, kAlignment); }
  };
  using Block = std::unique_ptr<Value[], Free>;

  std::size_t offset(std::size_t index) const noexcept { return index % kRowsPerBlock * stride_; }
  std::size_t block_bytes(std::size_t rows) const noexcept { return rows * stride_ * sizeof(Value); }

  Block allocate(std::size_t rows) {
    Block block(static_cast<Value*>(::operator new(block_bytes(rows), kAlignment)));
    bytes_ += block_bytes(rows);
    return block;
  }

  void grow_last(std::size_t used) {
    const std::size_t rows = std::min(used * 2, kRowsPerBlock);
    Block larger = allocate(rows);
    std::memcpy(larger.get(), blocks_.back().get(), block_bytes(used));
    bytes_ -= block_bytes(rows_in_last_);
    blocks_.back() = std::move(larger);
    rows_in_last_ = rows;
  }

  std::size_t stride_;
  std::vector<Block> blocks_;
  std::size_t rows_in_last_ = 0;
  std::size_t bytes_ = 0;
};

}  // namespace codelab::infra::vectors
