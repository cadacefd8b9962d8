#pragma once

#include <string_view>

#include <sqlite3.h>

/// Private to this folder's .cpp files: the only way in for sqlite3.h.
namespace codelab::infra::sqlite {

/// Throws base::StoreError that says what failed, and what an operator can do about it where the code tells.
[[noreturn]] void throw_sqlite_error(sqlite3* database, int code, std::string_view doing);

inline void check(sqlite3* database, int code, std::string_view doing) {
  if (code != SQLITE_OK) throw_sqlite_error(database, code, doing);
}

}  // namespace codelab::infra::sqlite
