#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "infra/postgres/address.hpp"

namespace codelab::infra::postgres {

/// One step of the schema. Once released, its text never changes: what was applied is compared with it at each start.
struct Migration {
  std::int64_t version;
  std::string_view name;
  std::string_view statements;

  /// The newest migration that a binary must know to serve from the database once this one is applied: its own, unless
  /// its first line says "-- served by N". That is for what older binaries do not notice, so that they serve on, and
  /// can be started again, while newer ones take their place.
  std::int64_t served_by() const;
};

/// Those of the folder migrations/postgres/, compiled in, by version.
std::span<const Migration> embedded_migrations();

/// How long a migration waits for tables that others work with.
struct MigrationPatience {
  /// Of one attempt. Whoever needs such a table stands behind the migration meanwhile, so it is shorter than what they
  /// wait for a lock, and than what a process may take to say that it is ready.
  std::chrono::milliseconds lock{300};
  /// Between two, so that they are served.
  std::chrono::milliseconds pause{700};
  int attempts = 120;
};

/// Brings the database to the newest of `migrations`: all that are missing, in order, each in a transaction of its own,
/// so that one that fails leaves those before it. Processes that start at the same time wait for each other. Blocks.
/// Throws base::StoreError, and changes nothing, when the database has one with another text, or one that is not in the
/// list and not served by a binary of that list.
void migrate(const Address& owner, std::span<const Migration> migrations, base::Timestamp now,
             const MigrationPatience& patience = {});

/// Throws base::StoreError with words for an operator when this login may not take the serving role, or when that role
/// could look past the row policies. Blocks.
void require_serving_login(const Address& login);

/// Throws base::StoreError with words for an operator when the database that this login reaches is another one of the
/// deployment's than `name`: two addresses were swapped, or are the same. One that has no name yet gets this one.
/// Blocks.
void require_name(const Address& login, const std::string& name);

/// Throws base::StoreError with words for an operator when this database has a name, or its directory knows one, that
/// is not among `names`. Blocks.
void require_all_in_use(const Address& main, std::span<const std::string> names);

/// Lower-case hex of the SHA-256 of a migration's statements.
std::string checksum_of(const Migration& migration);

}  // namespace codelab::infra::postgres
