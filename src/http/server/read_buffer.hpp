#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <string_view>

namespace codelab::http::server {

/// Bytes read and not yet consumed, in one piece.
class ReadBuffer {
 public:
  std::string_view data() const { return {bytes_.get() + begin_, end_ - begin_}; }
  std::size_t size() const { return end_ - begin_; }
  bool empty() const { return begin_ == end_; }
  std::size_t capacity() const { return capacity_; }

  void consume(std::size_t count) {
    begin_ += count;
    if (begin_ == end_) begin_ = end_ = 0;
  }

  /// Makes room for at least `least` bytes behind the data and returns where they go. Invalidates data().
  char* prepare(std::size_t least) {
    if (capacity_ - end_ < least) move_to_front(size() + least);
    return bytes_.get() + end_;
  }
  /// Bytes that may be written to what prepare() returned.
  std::size_t room() const { return capacity_ - end_; }
  void commit(std::size_t count) { end_ += count; }

  /// Gives back all memory that the data does not need.
  void shrink() {
    if (capacity_ > size()) reallocate(size());
  }

 private:
  void move_to_front(std::size_t wanted) {
    if (capacity_ < wanted) {
      reallocate(std::max(wanted, std::min(2 * capacity_, wanted + kMaxSpare)));
      return;
    }
    std::memmove(bytes_.get(), bytes_.get() + begin_, size());
    end_ -= begin_;
    begin_ = 0;
  }

  void reallocate(std::size_t capacity) {
    auto bytes = capacity == 0 ? nullptr : std::make_unique_for_overwrite<char[]>(capacity);
    if (!empty()) std::memcpy(bytes.get(), bytes_.get() + begin_, size());
    end_ -= begin_;
    begin_ = 0;
    capacity_ = capacity;
    bytes_ = std::move(bytes);
  }

  static constexpr std::size_t kMaxSpare = 65'536;

  std::unique_ptr<char[]> bytes_;
  std::size_t capacity_ = 0;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

}  // namespace codelab::http::server
