#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json/object.hpp>

#include "base/clock.hpp"
#include "base/describe/fields.hpp"
#include "base/ids.hpp"

struct pg_result;

namespace codelab::infra::postgres {

/// What one statement answered, all of it, in binary form: rows, read one after the other, or how many were changed.
/// Belongs to whoever holds it; may be read on any thread. A column of another type throws base::StoreError.
class Rows {
 public:
  Rows() = default;
  /// Takes the result over.
  explicit Rows(pg_result* result) : result_(result) {}

  /// False after the last row.
  bool next();
  /// Reads the leading columns of the row in order.
  template <class... Values>
  void read(Values&... values) const {
    int column = 0;
    (read_one(column++, values), ...);
  }
  template <class Value>
  void read_at(int column, Value& value) const {
    read_one(column, value);
  }
  /// Rows that an INSERT, UPDATE or DELETE touched, or a SELECT found.
  std::int64_t affected() const;
  /// What the server says that it did, e.g. "COMMIT". Valid as long as these rows.
  std::string_view tag() const;

 private:
  struct Clear {
    void operator()(pg_result* result) const;
  };

  bool is_null(int column) const;
  /// Valid as long as these rows.
  std::string_view bytes(int column) const;
  void read_one(int column, std::int64_t& out) const;
  void read_one(int column, double& out) const;
  void read_one(int column, bool& out) const;
  void read_one(int column, std::string& out) const { out = bytes(column); }
  /// These two are valid as long as these rows.
  void read_one(int column, std::string_view& out) const { out = bytes(column); }
  void read_one(int column, std::span<const std::byte>& out) const { out = std::as_bytes(std::span(bytes(column))); }
  void read_one(int column, base::UuidBytes& out) const;
  /// A column of JSON, or of text that holds it.
  void read_one(int column, boost::json::object& out) const;
  void read_one(int column, base::Timestamp& out) const;
  template <class Tag>
  void read_one(int column, base::Id<Tag>& out) const {
    read_one(column, out.bytes);
  }
  template <base::NamedEnum E>
  void read_one(int column, E& out) const {
    const auto parsed = base::parse_enum<E>(bytes(column));
    if (!parsed) throw_unknown_name(bytes(column));
    out = *parsed;
  }
  template <class T>
  void read_one(int column, std::optional<T>& out) const {
    if (is_null(column)) {
      out.reset();
    } else {
      read_one(column, out.emplace());
    }
  }
  [[noreturn]] static void throw_unknown_name(std::string_view name);

  std::unique_ptr<pg_result, Clear> result_;
  int row_ = -1;
};

/// What the statements of a batch answered, in their order.
using Answer = std::vector<Rows>;

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

}  // namespace codelab::infra::postgres
