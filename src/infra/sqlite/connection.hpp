#pragma once

#include <cassert>
#include <concepts>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <type_traits>
#include <unordered_map>

#include "infra/sqlite/statement.hpp"

struct sqlite3;

namespace codelab::infra::sqlite {

enum class Access : std::uint8_t { read_write, read_only };

/// One connection to the database file, with every statement it ever ran kept prepared. Belongs to one thread at a
/// time. All calls throw base::StoreError.
class Connection {
 public:
  /// Creates a missing file unless read-only. `cache_kib` bounds its page cache.
  Connection(const std::filesystem::path& file, Access access, std::int64_t cache_kib = 2048);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// Runs a statement that yields no rows; how many it inserted, changed or deleted.
  template <class... Values>
  std::int64_t execute(Sql sql, const Values&... values) {
    sqlite3_stmt* statement = prepared(sql);
    Rows rows(statement);
    bind_all(statement, values...);
    rows.next();
    return changes();
  }

  /// The values are used while the rows are read, so those that own memory must be named ones that live as long.
  template <class... Values>
  Rows query(Sql sql, Values&&... values) {
    static_assert((kOutlivesCall<Values> && ...), "a temporary would be gone before the rows are read");
    sqlite3_stmt* statement = prepared(sql);
    Rows rows(statement);
    bind_all(statement, values...);
    return rows;
  }

  /// Several statements without parameters, e.g. a migration.
  void script(const std::string& statements);
  std::int64_t last_row_id() const;
  bool in_transaction() const;
  sqlite3* handle() const { return database_.get(); }

 private:
  template <class T>
  static constexpr bool kOutlivesCall =
      std::is_lvalue_reference_v<T&&> || std::is_arithmetic_v<T> || std::is_enum_v<T> ||
      std::same_as<T, std::string_view> || std::same_as<T, base::Timestamp>;
  struct Close {
    void operator()(sqlite3* database) const;
  };
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const;
  };

  sqlite3_stmt* prepared(Sql sql);
  std::int64_t changes() const;

  std::unique_ptr<sqlite3, Close> database_;
  std::unordered_map<const char*, std::unique_ptr<sqlite3_stmt, Finalize>> statements_;
};

/// Several reads that see one state of the database. Ends with its scope.
class ReadTransaction {
 public:
  explicit ReadTransaction(Connection& connection);
  ~ReadTransaction();
  ReadTransaction(const ReadTransaction&) = delete;
  ReadTransaction& operator=(const ReadTransaction&) = delete;

 private:
  Connection& connection_;
};

}  // namespace codelab::infra::sqlite
