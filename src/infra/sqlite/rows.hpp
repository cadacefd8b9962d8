#pragma once

#include <optional>
#include <vector>

#include "infra/sqlite/connection.hpp"

namespace codelab::infra::sqlite {

/// What `read(rows)` makes of the first row, or nullopt when there is none.
template <class Read>
auto first_of(Rows rows, Read read) -> std::optional<decltype(read(rows))> {
  if (!rows.next()) return std::nullopt;
  return read(rows);
}

template <class Read>
auto all_of(Rows rows, Read read) {
  std::vector<decltype(read(rows))> all;
  while (rows.next()) all.push_back(read(rows));
  return all;
}

/// The one value of the first row; `otherwise` when there is none.
template <class Value>
Value value_of(Rows rows, Value otherwise = {}) {
  if (rows.next()) rows.read(otherwise);
  return otherwise;
}

inline bool any_of(Rows rows) { return rows.next(); }

}  // namespace codelab::infra::sqlite
