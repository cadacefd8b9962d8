#include <fmt/format.h>

#include "base/store_error.hpp"
#include "infra/sqlite/sqlite_api.hpp"

namespace codelab::infra::sqlite {
namespace {

std::string_view advice_for(int code) {
  switch (code & 0xff) {
    case SQLITE_CORRUPT:
      return "the database file is damaged: stop the server and restore the data folder from a backup";
    case SQLITE_NOTADB:
      return "the file is not a SQLite database: move it away or restore the data folder from a backup";
    case SQLITE_READONLY:
      return "the database is read-only: make the data folder and its files writable for this user";
    case SQLITE_PERM:
    case SQLITE_AUTH:
    case SQLITE_CANTOPEN:
      return "the file cannot be opened: check that the data folder exists and belongs to this user";
    case SQLITE_FULL:
      return "the disk is full: free some space";
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return "another process holds a lock on the database: only one may use a data folder";
    case SQLITE_IOERR:
      return "the disk failed to read or write: look at the system's log";
    case SQLITE_NOMEM:
      return "out of memory";
    default:
      return {};
  }
}

}  // namespace

void throw_sqlite_error(sqlite3* database, int code, std::string_view doing) {
  const int extended = database != nullptr ? sqlite3_extended_errcode(database) : code;
  const char* said = database != nullptr ? sqlite3_errmsg(database) : sqlite3_errstr(code);
  const auto advice = advice_for(code);
  throw base::StoreError(
      fmt::format("sqlite: {}: {} (code {}){}{}", doing, said, extended, advice.empty() ? "" : "; ", advice));
}

}  // namespace codelab::infra::sqlite
