#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/describe/fields.hpp"
#include "base/ids.hpp"
#include "infra/postgres/sql.hpp"

namespace codelab::infra::postgres {

/// The values of one statement's parameters, in PostgreSQL's binary form. The type of each follows from its C++ type,
/// so that the server never has to guess.
class Parameters {
 public:
  void add(std::int64_t value);
  void add(double value);
  /// PostgreSQL's text holds no NUL: each is kept as U+FFFD.
  void add(std::string_view text);
  void add(const std::string& text) { add(std::string_view(text)); }
  void add(const char* text) { add(std::string_view(text)); }
  /// bytea.
  void add(std::span<const std::byte> bytes);
  /// bigint[].
  void add(const std::vector<std::int64_t>& values);
  void add(base::Timestamp time) { add(base::to_micros(time)); }
  template <class Tag>
  void add(const base::Id<Tag>& id) {
    add_uuid(id.bytes);
  }
  /// uuid[].
  template <class Tag>
  void add(const std::vector<base::Id<Tag>>& ids) {
    std::string elements;
    for (const auto& id : ids) append_uuid(elements, id.bytes);
    add_uuids(ids.size(), elements);
  }
  template <base::NamedEnum E>
  void add(E value) {
    add(base::name_of(value));
  }
  template <class T>
  void add(const std::optional<T>& value) {
    add(value ? *value : T{});
    if (!value) values_.back().null = true;
  }

  struct Value {
    unsigned type;
    std::size_t begin;
    std::size_t size;
    bool null = false;
  };
  const std::vector<Value>& values() const { return values_; }
  const char* data_of(const Value& value) const { return value.null ? nullptr : bytes_.data() + value.begin; }

 private:
  void add_uuid(const base::UuidBytes& bytes);
  static void append_uuid(std::string& elements, const base::UuidBytes& bytes);
  void add_uuids(std::size_t count, const std::string& elements);
  void add_bytes(unsigned type, std::string_view bytes);

  std::vector<Value> values_;
  std::string bytes_;
};

/// Statements that go to the server together and are answered together: one round trip. If one fails, those after it
/// are not run.
class Batch {
 public:
  struct Statement {
    Sql sql;
    Parameters parameters;
  };

  template <class... Values>
  Batch& add(Sql sql, const Values&... values) {
    auto& statement = statements_.emplace_back(sql);
    (statement.parameters.add(values), ...);
    return *this;
  }
  /// The statements of `other`, behind these.
  void append(Batch other);

  const std::vector<Statement>& statements() const { return statements_; }
  bool empty() const { return statements_.empty(); }

 private:
  std::vector<Statement> statements_;
};

}  // namespace codelab::infra::postgres
