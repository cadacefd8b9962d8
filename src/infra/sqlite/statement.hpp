#pragma once

#include <concepts>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include <boost/json/object.hpp>

#include "base/clock.hpp"
#include "base/describe/fields.hpp"
#include "base/ids.hpp"

struct sqlite3_stmt;

namespace codelab::infra::sqlite {

/// The text of one SQL statement, a string literal: the statement cache knows it by its address.
struct Sql {
  consteval Sql(const char* literal) : text(literal) {}  // NOLINT(google-explicit-constructor)
  const char* text;
};

using Blob = std::span<const std::byte>;

/// Binds values to the parameters of a statement and reads the columns of its row. Both number from 0 here.
/// What is bound by reference must outlive the statement's run. Errors throw base::StoreError.
void bind_null(sqlite3_stmt* statement, int index);
void bind_one(sqlite3_stmt* statement, int index, std::int64_t value);
void bind_one(sqlite3_stmt* statement, int index, double value);
void bind_one(sqlite3_stmt* statement, int index, std::string_view text);
void bind_one(sqlite3_stmt* statement, int index, Blob bytes);
void bind_pointer(sqlite3_stmt* statement, int index, void* pointer, const char* type);

/// A C++ object for an SQL function of ours, which knows it by `type`, a literal.
template <class T>
struct Pointer {
  T* object;
  const char* type;
};

template <class Tag>
void bind_one(sqlite3_stmt* statement, int index, const base::Id<Tag>& id) {
  bind_one(statement, index, std::as_bytes(std::span(id.bytes)));
}
inline void bind_one(sqlite3_stmt* statement, int index, base::Timestamp time) {
  bind_one(statement, index, base::to_micros(time));
}
template <base::NamedEnum E>
void bind_one(sqlite3_stmt* statement, int index, E value) {
  bind_one(statement, index, base::name_of(value));
}
template <class T>
void bind_one(sqlite3_stmt* statement, int index, const Pointer<T>& pointer) {
  bind_pointer(statement, index, pointer.object, pointer.type);
}
template <class T>
void bind_one(sqlite3_stmt* statement, int index, const std::optional<T>& value) {
  if (value) {
    bind_one(statement, index, *value);
  } else {
    bind_null(statement, index);
  }
}

template <class... Values>
void bind_all(sqlite3_stmt* statement, const Values&... values) {
  int index = 0;
  (bind_one(statement, index++, values), ...);
}

bool is_null(sqlite3_stmt* statement, int column);
void read_one(sqlite3_stmt* statement, int column, std::int64_t& out);
void read_one(sqlite3_stmt* statement, int column, bool& out);
void read_one(sqlite3_stmt* statement, int column, double& out);
void read_one(sqlite3_stmt* statement, int column, std::string& out);
void read_one(sqlite3_stmt* statement, int column, base::UuidBytes& out);
/// Both are valid until the statement's next step.
void read_one(sqlite3_stmt* statement, int column, std::string_view& out);
void read_one(sqlite3_stmt* statement, int column, Blob& out);
/// The stored JSON text.
void read_one(sqlite3_stmt* statement, int column, boost::json::object& out);
[[noreturn]] void throw_unknown_name(std::string_view name);

template <class Tag>
void read_one(sqlite3_stmt* statement, int column, base::Id<Tag>& out) {
  read_one(statement, column, out.bytes);
}
inline void read_one(sqlite3_stmt* statement, int column, base::Timestamp& out) {
  std::int64_t micros = 0;
  read_one(statement, column, micros);
  out = base::from_micros(micros);
}
template <base::NamedEnum E>
void read_one(sqlite3_stmt* statement, int column, E& out) {
  std::string_view name;
  read_one(statement, column, name);
  const auto parsed = base::parse_enum<E>(name);
  if (!parsed) throw_unknown_name(name);
  out = *parsed;
}
template <class T>
void read_one(sqlite3_stmt* statement, int column, std::optional<T>& out) {
  if (is_null(statement, column)) {
    out.reset();
  } else {
    read_one(statement, column, out.emplace());
  }
}

/// The rows of a query, one at a time. Gives its statement back to the connection's cache when it ends.
class Rows {
 public:
  explicit Rows(sqlite3_stmt* statement) : statement_(statement) {}
  Rows(Rows&& other) noexcept : statement_(std::exchange(other.statement_, nullptr)) {}
  Rows& operator=(Rows&&) = delete;
  ~Rows();

  /// False after the last row.
  bool next();
  /// Reads the leading columns of the row in order.
  template <class... Values>
  void read(Values&... values) const {
    int column = 0;
    (read_one(statement_, column++, values), ...);
  }
  template <class Value>
  void read_at(int column, Value& value) const {
    read_one(statement_, column, value);
  }

 private:
  sqlite3_stmt* statement_;
};

}  // namespace codelab::infra::sqlite
