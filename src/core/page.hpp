#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace codelab::core {

/// Which part of a list is wanted. `cursor` is the opaque text that the part before it ended with.
struct PageRequest {
  std::int64_t limit = 50;
  std::optional<std::string> cursor = std::nullopt;
};

template <class T>
struct Page {
  std::vector<T> items;
  std::int64_t total = 0;
  std::optional<std::string> next_cursor;
};

}  // namespace codelab::core
