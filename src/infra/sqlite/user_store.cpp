#include "infra/sqlite/user_store.hpp"

#include <fmt/format.h>

#include "base/describe/encode.hpp"
#include "infra/sqlite/agent_rows.hpp"
#include "infra/sqlite/memory_removal.hpp"
#include "infra/sqlite/rows.hpp"

namespace codelab::infra::sqlite {
namespace {

using core::identity::User;
using core::identity::UserCredentials;
using core::identity::UserScope;

constexpr Sql kInsertUser =
    "INSERT INTO users (id, email, password_hash, created_at) VALUES (?, ?, ?, ?) ON CONFLICT (email) DO NOTHING";
constexpr Sql kInsertOwnStream = "INSERT INTO event_streams (user_id, id, updated_at) VALUES (?1, ?1, ?2)";
constexpr Sql kUserByEmail = "SELECT id, email, created_at, password_hash FROM users WHERE email = ?";
constexpr Sql kUserById = "SELECT id, email, created_at FROM users WHERE id = ?";
constexpr Sql kAllUsers = "SELECT id, email, created_at FROM users ORDER BY id";
constexpr Sql kDeleteUser = "DELETE FROM users WHERE id = ?";

User read_user(const Rows& rows) {
  User user;
  rows.read(user.id, user.email, user.created_at);
  return user;
}

UserCredentials read_credentials(const Rows& rows) {
  UserCredentials found;
  rows.read(found.user.id, found.user.email, found.user.created_at, found.password_hash);
  return found;
}

base::Result<User> create_user(Transaction& tx, const UserCredentials& credentials,
                               const std::vector<core::agents::Agent>& starter_team) {
  const User& user = credentials.user;
  if (tx.sql().execute(kInsertUser, user.id, user.email, credentials.password_hash, user.created_at) == 0) {
    return base::make_error(base::ErrorCode::email_taken, "this email address is registered already");
  }
  tx.sql().execute(kInsertOwnStream, user.id, user.created_at);
  tx.append_own(user.id, {.type = core::events::EventType::user_registered,
                          .payload = fmt::format(R"({{"user":{}}})", base::encode(user))});
  for (const auto& agent : starter_team) {
    insert_agent(tx.sql(), user.id, agent);
    tx.append_own(user.id, agent_event(core::events::EventType::agent_created, agent));
  }
  return user;
}

}  // namespace

base::Task<base::Result<User>> SqliteUserStore::create(UserCredentials user,
                                                       std::vector<core::agents::Agent> starter_team) {
  return database_.writer().run("user.create", [user = std::move(user), team = std::move(starter_team)](
                                                   Transaction& tx) { return create_user(tx, user, team); });
}

base::Task<std::optional<UserCredentials>> SqliteUserStore::find_by_email(std::string email) {
  return database_.readers().run("user.find_by_email", [email = std::move(email)](Connection& sql) {
    return first_of(sql.query(kUserByEmail, email), read_credentials);
  });
}

base::Task<std::optional<User>> SqliteUserStore::find(UserScope scope) {
  return database_.readers().run(
      "user.find", [=](Connection& sql) { return first_of(sql.query(kUserById, scope.user()), read_user); });
}

base::Task<bool> SqliteUserStore::erase(UserScope scope, base::Timestamp) {
  auto& writer = database_.writer();
  auto& indexes = indexes_;
  co_await forget_in_slices(writer, indexes, scope, std::nullopt);
  auto erase = [&indexes, scope](Transaction& tx) {
    forget_user(tx, indexes, scope.user());
    return tx.sql().execute(kDeleteUser, scope.user()) == 1;
  };
  const bool erased = co_await writer.run("user.erase", std::move(erase));
  if (erased) database_.empty_log();
  co_return erased;
}

base::Task<std::vector<User>> SqliteUserStore::list() {
  return database_.readers().run("user.list", [](Connection& sql) { return all_of(sql.query(kAllUsers), read_user); });
}

}  // namespace codelab::infra::sqlite
