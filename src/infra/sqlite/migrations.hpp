#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "infra/sqlite/connection.hpp"

namespace codelab::infra::sqlite {

/// One step of the schema. Once released, its text never changes: what was applied is compared with it at each start.
struct Migration {
  std::int64_t version;
  std::string_view name;
  std::string_view statements;
};

/// Those of the folder migrations/, compiled in, by version.
std::span<const Migration> embedded_migrations();

/// Brings the database to the newest of `migrations`: each that is missing in order, in a transaction of its own.
/// Throws base::StoreError, and changes nothing, when the database has one that is not in the list, or with another
/// text.
void migrate(Connection& connection, std::span<const Migration> migrations, base::Timestamp now);

/// Lower-case hex of the SHA-256 of a migration's statements.
std::string checksum_of(const Migration& migration);

}  // namespace codelab::infra::sqlite
