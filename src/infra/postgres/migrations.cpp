#include "infra/postgres/migrations.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <thread>
#include <vector>

#include <fmt/format.h>

#include "base/log.hpp"
#include "base/sha256.hpp"
#include "base/store_error.hpp"
#include "infra/postgres/handshake.hpp"
#include "infra/postgres/libpq.hpp"
#include "infra/postgres/query_error.hpp"

namespace codelab::infra::postgres {
namespace {

constexpr std::chrono::seconds kConnectTimeout{10};

/// Any number that nobody else's advisory locks use: the bytes of "codelab". Whoever has it may wait for tables longer
/// than two minutes.
constexpr const char* kLockAgainstOthers =
    "SET LOCAL lock_timeout = '300s'; SELECT pg_advisory_xact_lock(27988499683369314)";
constexpr const char* kMark = "SAVEPOINT before_migration";
constexpr const char* kBackToMark = "ROLLBACK TO SAVEPOINT before_migration";
constexpr std::string_view kLockTimeout = "55P03";
constexpr std::string_view kDeadlock = "40P01";
/// Not to_regclass(): that may answer from before the wait for the lock.
constexpr const char* kTableIsThere =
    "SELECT EXISTS (SELECT FROM pg_class WHERE relname = 'schema_migrations' "
    "AND relnamespace = to_regnamespace(current_schema()))";
constexpr const char* kCreateTable =
    "CREATE TABLE schema_migrations ("
    "version bigint NOT NULL PRIMARY KEY, name text NOT NULL, checksum text NOT NULL, applied_at bigint NOT NULL, "
    "served_by bigint NOT NULL)";
constexpr const char* kApplied = "SELECT version, name, checksum, served_by FROM schema_migrations ORDER BY version";
constexpr const char* kRecord =
    "INSERT INTO schema_migrations (version, name, checksum, applied_at, served_by) VALUES ($1, $2, $3, $4, $5)";
/// From 16 on a member may be one that may not take the role.
constexpr const char* kRoleIsSafe =
    "WITH may AS (SELECT CASE WHEN current_setting('server_version_num')::int >= 160000 THEN 'SET' ELSE 'MEMBER' END "
    "AS take) "
    "SELECT coalesce((SELECT bool_and(pg_has_role(current_user, oid, take)) AND count(*) = 2 FROM pg_roles, may "
    "WHERE rolname IN ('codelab_serving', 'codelab_operator')), false), "
    "EXISTS (SELECT FROM pg_roles WHERE rolname IN ('codelab_serving', 'codelab_operator') "
    "AND (rolsuper OR rolbypassrls)), "
    "EXISTS (SELECT FROM pg_roles r JOIN pg_class c ON pg_has_role(r.oid, c.relowner, 'MEMBER') "
    "WHERE r.rolname IN ('codelab_serving', 'codelab_operator') AND c.relname = 'events')";

/// Only as long as the transaction: a pooler gives the connection to others.
constexpr const char* kAsOperator = "BEGIN; SET LOCAL ROLE codelab_operator";
constexpr const char* kNamesInUse = "SELECT name FROM codelab_shards_in_use()";
constexpr const char* kTakeName = "SELECT codelab_name_shard($1)";

struct Applied {
  std::int64_t version = 0;
  std::string name;
  std::string checksum;
  std::int64_t served_by = 0;
};

struct ClearResult {
  void operator()(PGresult* result) const { PQclear(result); }
};
using OwnedResult = std::unique_ptr<PGresult, ClearResult>;

OwnedResult checked(PGconn* connection, PGresult* result, const char* statement) {
  OwnedResult owned(result);
  const auto status = PQresultStatus(owned.get());
  if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK) return owned;
  if (PQstatus(connection) != CONNECTION_OK) throw base::StoreError("postgres: " + reason_of(connection));
  throw query_error(owned.get(), statement);
}

/// One statement or several, without parameters; the last one's result.
OwnedResult script(PGconn* connection, const char* statements) {
  return checked(connection, PQexec(connection, statements), statements);
}

bool is_true(const OwnedResult& result, int column) {
  return std::string_view(PQgetvalue(result.get(), 0, column)) == "t";
}

std::vector<Applied> applied_migrations(PGconn* connection) {
  std::vector<Applied> all;
  if (!is_true(script(connection, kTableIsThere), 0)) return all;
  const auto rows = script(connection, kApplied);
  for (int row = 0; row < PQntuples(rows.get()); ++row) {
    all.push_back({.version = std::stoll(PQgetvalue(rows.get(), row, 0)),
                   .name = PQgetvalue(rows.get(), row, 1),
                   .checksum = PQgetvalue(rows.get(), row, 2),
                   .served_by = std::stoll(PQgetvalue(rows.get(), row, 3))});
  }
  return all;
}

void require_known(const Applied& applied, std::span<const Migration> migrations) {
  const auto known = std::ranges::find(migrations, applied.version, &Migration::version);
  if (known == migrations.end()) {
    if (!migrations.empty() && applied.served_by <= migrations.back().version) {
      return base::log::warning("store_is_newer", {{"version", applied.version}, {"name", applied.name}});
    }
    throw base::StoreError(
        fmt::format("the database was made by a newer version of codelab (migration {:04}_{}): "
                    "start that version, or use another database",
                    applied.version, applied.name));
  }
  if (checksum_of(*known) != applied.checksum) {
    throw base::StoreError(
        fmt::format("the database's migration {:04}_{} differs from the one in this binary: "
                    "start the version that made it, or use another database",
                    applied.version, applied.name));
  }
}

std::vector<Migration> missing_of(PGconn* connection, std::span<const Migration> migrations) {
  const auto applied = applied_migrations(connection);
  for (const auto& each : applied) require_known(each, migrations);
  std::vector<Migration> missing;
  for (const auto& migration : migrations) {
    if (std::ranges::find(applied, migration.version, &Applied::version) == applied.end()) missing.push_back(migration);
  }
  return missing;
}

void apply(PGconn* connection, const Migration& migration, base::Timestamp now) {
  script(connection, std::string(migration.statements).c_str());
  const std::string version = fmt::format("{}", migration.version);
  const std::string name(migration.name);
  const std::string checksum = checksum_of(migration);
  const std::string at = fmt::format("{}", base::to_micros(now));
  const std::string served_by = fmt::format("{}", migration.served_by());
  const std::array values{version.c_str(), name.c_str(), checksum.c_str(), at.c_str(), served_by.c_str()};
  checked(connection, PQexecParams(connection, kRecord, values.size(), nullptr, values.data(), nullptr, nullptr, 0),
          kRecord);
}

/// What an attempt has locked is free again before the next one.
void apply_patiently(PGconn* connection, const Migration& migration, base::Timestamp now,
                     const MigrationPatience& patience) {
  script(connection, fmt::format("SET LOCAL lock_timeout = {}", patience.lock.count()).c_str());
  script(connection, kMark);
  for (int attempt = 1;; ++attempt) {
    try {
      return apply(connection, migration, now);
    } catch (const QueryError& failure) {
      const bool others_work = failure.sqlstate() == kLockTimeout || failure.sqlstate() == kDeadlock;
      if (!others_work || attempt >= patience.attempts) throw;
      base::log::warning("store_migration_waits", {{"version", migration.version}, {"reason", failure.what()}});
    }
    script(connection, kBackToMark);
    std::this_thread::sleep_for(patience.pause);
  }
}

/// The first that is missing, in one transaction; false when none is. The lock ends with the transaction, so it holds
/// behind a pooler too, and what is missing is asked for behind it; an exception closes the connection and undoes all.
bool apply_next(PGconn* connection, std::span<const Migration> migrations, base::Timestamp now,
                const MigrationPatience& patience) {
  script(connection, "BEGIN");
  script(connection, kLockAgainstOthers);
  if (!is_true(script(connection, kTableIsThere), 0)) script(connection, kCreateTable);
  const auto missing = missing_of(connection, migrations);
  if (!missing.empty()) apply_patiently(connection, missing.front(), now, patience);
  script(connection, "COMMIT");
  if (missing.empty()) return false;
  base::log::info("store_migrated", {{"version", missing.front().version}, {"name", missing.front().name}});
  return true;
}

}  // namespace

std::int64_t Migration::served_by() const {
  constexpr std::string_view kMark = "-- served by ";
  std::int64_t oldest = version;
  if (!statements.starts_with(kMark)) return oldest;
  const auto number = statements.substr(kMark.size());
  std::from_chars(number.data(), number.data() + number.size(), oldest);
  return oldest;
}

std::string checksum_of(const Migration& migration) { return base::sha256_hex(migration.statements); }

/// Looks first without the lock: a login that may not change the schema can start on one that is complete.
void migrate(const Address& owner, std::span<const Migration> migrations, base::Timestamp now,
             const MigrationPatience& patience) {
  const auto connection = connect_blocking(owner, kConnectTimeout);
  if (missing_of(connection.get(), migrations).empty()) return;
  while (apply_next(connection.get(), migrations, now, patience)) {
  }
}

void require_serving_login(const Address& login) {
  const auto connection = connect_blocking(login, kConnectTimeout);
  const auto found = script(connection.get(), kRoleIsSafe);
  if (!is_true(found, 0)) {
    throw base::StoreError(
        fmt::format("postgres: the login {} must be a member of codelab_serving and codelab_operator: "
                    "GRANT codelab_serving, codelab_operator TO {}",
                    PQuser(connection.get()), PQuser(connection.get())));
  }
  if (is_true(found, 1) || is_true(found, 2)) {
    throw base::StoreError(
        "postgres: codelab_serving or codelab_operator could look past the row policies: take SUPERUSER, BYPASSRLS and "
        "the ownership of the tables from them");
  }
}

void require_name(const Address& login, const std::string& name) {
  const auto connection = connect_blocking(login, kConnectTimeout);
  script(connection.get(), kAsOperator);
  const std::array values{name.c_str()};
  const auto found =
      checked(connection.get(),
              PQexecParams(connection.get(), kTakeName, 1, nullptr, values.data(), nullptr, nullptr, 0), kTakeName);
  script(connection.get(), "COMMIT");
  const std::string_view has = PQgetvalue(found.get(), 0, 0);
  if (has == name) return;
  throw base::StoreError(fmt::format("postgres: the database at {} is the shard {}, not {}: look at the addresses",
                                     login.where(), has, name));
}

void require_all_in_use(const Address& main, std::span<const std::string> names) {
  const auto connection = connect_blocking(main, kConnectTimeout);
  script(connection.get(), kAsOperator);
  const auto rows = script(connection.get(), kNamesInUse);
  script(connection.get(), "COMMIT");
  for (int row = 0; row < PQntuples(rows.get()); ++row) {
    const std::string_view used = PQgetvalue(rows.get(), row, 0);
    if (used.empty() || std::ranges::find(names, used) != names.end()) continue;
    throw base::StoreError(
        fmt::format("postgres: the database at {} knows the shard {}, and storage.database_shards does not name it",
                    main.where(), used));
  }
}

}  // namespace codelab::infra::postgres
