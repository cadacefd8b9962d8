#include "infra/sqlite/migrations.hpp"

#include <algorithm>
#include <vector>

#include <fmt/format.h>

#include "base/log.hpp"
#include "base/sha256.hpp"
#include "base/store_error.hpp"

namespace codelab::infra::sqlite {
namespace {

constexpr const char* kCreateTable =
    "CREATE TABLE IF NOT EXISTS schema_migrations ("
    "version INTEGER NOT NULL PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL, applied_at INTEGER NOT NULL"
    ") STRICT";
constexpr Sql kBegin = "BEGIN IMMEDIATE";
constexpr Sql kCommit = "COMMIT";
constexpr Sql kRollback = "ROLLBACK";
constexpr Sql kApplied = "SELECT version, name, checksum FROM schema_migrations ORDER BY version";
constexpr Sql kRecord = "INSERT INTO schema_migrations (version, name, checksum, applied_at) VALUES (?, ?, ?, ?)";

struct Applied {
  std::int64_t version = 0;
  std::string name;
  std::string checksum;
};

std::vector<Applied> applied_migrations(Connection& connection) {
  std::vector<Applied> all;
  auto rows = connection.query(kApplied);
  while (rows.next()) {
    auto& one = all.emplace_back();
    rows.read(one.version, one.name, one.checksum);
  }
  return all;
}

void require_known(const Applied& applied, std::span<const Migration> migrations) {
  const auto known = std::ranges::find(migrations, applied.version, &Migration::version);
  if (known == migrations.end()) {
    throw base::StoreError(
        fmt::format("the database was made by a newer version of codelab (migration {:04}_{}): "
                    "start that version, or use another data folder",
                    applied.version, applied.name));
  }
  if (checksum_of(*known) != applied.checksum) {
    throw base::StoreError(
        fmt::format("the database's migration {:04}_{} differs from the one in this binary: "
                    "start the version that made it, or use another data folder",
                    applied.version, applied.name));
  }
}

void apply(Connection& connection, const Migration& migration, base::Timestamp now) {
  connection.script(std::string(migration.statements));
  connection.execute(kRecord, migration.version, migration.name, checksum_of(migration), now);
  base::log::info("store_migrated", {{"version", migration.version}, {"name", migration.name}});
}

template <class Step>
void in_transaction(Connection& connection, Step step) {
  connection.execute(kBegin);
  try {
    step();
    connection.execute(kCommit);
  } catch (...) {
    if (connection.in_transaction()) connection.execute(kRollback);
    throw;
  }
}

}  // namespace

std::string checksum_of(const Migration& migration) { return base::sha256_hex(migration.statements); }

void migrate(Connection& connection, std::span<const Migration> migrations, base::Timestamp now) {
  in_transaction(connection, [&] { connection.script(kCreateTable); });
  const auto applied = applied_migrations(connection);
  for (const auto& each : applied) require_known(each, migrations);
  for (const auto& migration : migrations) {
    if (std::ranges::find(applied, migration.version, &Applied::version) != applied.end()) continue;
    in_transaction(connection, [&] { apply(connection, migration, now); });
  }
}

}  // namespace codelab::infra::sqlite
