#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/ids.hpp"
#include "core/page.hpp"

namespace codelab::infra::postgres {

/// Lists go on where the page before ended: the cursor is the text of the last item's id. A cursor that is not an id
/// begins the list anew.
template <class Id>
Id position_or(const std::optional<std::string>& cursor, const Id& start) {
  return cursor ? Id::parse(*cursor).value_or(start) : start;
}

template <class Id>
constexpr Id lowest() {
  return {};
}
template <class Id>
Id highest() {
  Id id;
  id.bytes.fill(0xff);
  return id;
}

/// One more than the page holds, to know whether more follow.
inline std::int64_t rows_to_ask_for(std::int64_t limit) { return std::max<std::int64_t>(limit, 1) + 1; }

/// `items` were read with rows_to_ask_for(limit).
template <class Item>
core::Page<Item> make_page(std::vector<Item> items, std::int64_t limit, std::int64_t total) {
  core::Page<Item> page{.items = std::move(items), .total = total};
  if (static_cast<std::int64_t>(page.items.size()) < rows_to_ask_for(limit)) return page;
  page.items.pop_back();
  page.next_cursor = page.items.back().id.str();
  return page;
}

}  // namespace codelab::infra::postgres
