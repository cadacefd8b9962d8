#pragma once

#include <span>
#include <string_view>

#include "infra/postgres/sql.hpp"

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

}  // namespace codelab::infra::postgres
