#include "infra/sqlite/connection.hpp"

#include <mutex>

#include <fmt/format.h>

#include "base/log.hpp"
#include "base/store_error.hpp"
#include "infra/sqlite/fts_functions.hpp"
#include "infra/sqlite/sqlite_api.hpp"

namespace codelab::infra::sqlite {
namespace {

constexpr int kBusyTimeoutMs = 5'000;

constexpr Sql kBeginRead = "BEGIN";
constexpr Sql kEndRead = "COMMIT";

/// Every connection belongs to one thread at a time, and nobody asks SQLite for its memory statistics: both cost locks.
void configure_library() {
  static std::once_flag once;
  std::call_once(once, [] {
    sqlite3_config(SQLITE_CONFIG_MULTITHREAD);
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
  });
}

sqlite3* open(const std::filesystem::path& file, Access access) {
  configure_library();
  const int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE |
                    (access == Access::read_write ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READONLY);
  sqlite3* database = nullptr;
  const int code = sqlite3_open_v2(file.c_str(), &database, flags, nullptr);
  if (code == SQLITE_OK) return database;
  const std::unique_ptr<sqlite3, int (*)(sqlite3*)> closing(database, sqlite3_close_v2);
  throw_sqlite_error(database, code, fmt::format("open {}", file.string()));
}

}  // namespace

void Connection::Close::operator()(sqlite3* database) const { sqlite3_close_v2(database); }

void Connection::Finalize::operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }

Connection::Connection(const std::filesystem::path& file, Access access, std::int64_t cache_kib)
    : database_(open(file, access)) {
  sqlite3_busy_timeout(handle(), kBusyTimeoutMs);
  register_fts_functions(handle());
  script(
      fmt::format("PRAGMA cache_size = -{}; PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF;"
                  "PRAGMA temp_store = MEMORY;",
                  cache_kib));
}

Connection::~Connection() = default;

sqlite3_stmt* Connection::prepared(Sql sql) {
  auto& slot = statements_[sql.text];
  if (!slot) {
    sqlite3_stmt* statement = nullptr;
    const int code = sqlite3_prepare_v3(handle(), sql.text, -1, SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
    if (code != SQLITE_OK) throw_sqlite_error(handle(), code, fmt::format("prepare {}", sql.text));
    slot.reset(statement);
  }
  assert(sqlite3_stmt_busy(slot.get()) == 0 && "a statement runs inside itself");
  return slot.get();
}

void Connection::script(const std::string& statements) {
  const int code = sqlite3_exec(handle(), statements.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) throw_sqlite_error(handle(), code, "run a script");
}

std::int64_t Connection::changes() const { return sqlite3_changes64(handle()); }

std::int64_t Connection::last_row_id() const { return sqlite3_last_insert_rowid(handle()); }

bool Connection::in_transaction() const { return sqlite3_get_autocommit(handle()) == 0; }

ReadTransaction::ReadTransaction(Connection& connection) : connection_(connection) { connection_.execute(kBeginRead); }

ReadTransaction::~ReadTransaction() {
  try {
    connection_.execute(kEndRead);
  } catch (const base::StoreError& error) {
    base::log::warning("store_read_not_ended", {{"reason", error.what()}});
  }
}

}  // namespace codelab::infra::sqlite
