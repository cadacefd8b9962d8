#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "infra/postgres/batch.hpp"
#include "infra/postgres/rows.hpp"

namespace codelab::infra::postgres {

/// A table of users' own things, and how a user's rows of it go from one server to another: each row whole, as text, so
/// that every byte of it arrives. The statements are run as that user, who sees no other rows.
struct UserTable {
  std::string_view name;
  /// Opens the cursor `moved` of the rows.
  Sql open;
  /// One row, $1.
  Sql insert;
  Sql count;
};

/// All of them, each behind those that it refers to.
std::span<const UserTable> user_tables();

/// The newest migration of a database, to be asked as any user.
Batch ask_newest_migration();
/// Why no user is moved to or from the shard that has answered so, in words for an operator: it has other tables than
/// these, and what they hold would be lost. Nothing when its newest migration is this program's.
std::optional<std::string> other_tables(Answer answer, const std::string& shard);

}  // namespace codelab::infra::postgres
