#include "infra/postgres/user_store.hpp"

#include <fmt/format.h>

#include "base/describe/encode.hpp"
#include "infra/postgres/agent_rows.hpp"
#include "infra/postgres/user_rows.hpp"

namespace codelab::infra::postgres {
namespace {

using core::agents::Agent;
using core::events::EventType;
using core::identity::ScopeIssuer;
using core::identity::User;
using core::identity::UserCredentials;
using core::identity::UserScope;

constexpr Sql kInsertUser =
    "INSERT INTO users (id, email, password_hash, created_at) VALUES ($1, $2, $3, $4) ON CONFLICT (email) DO NOTHING";
constexpr Sql kInsertOwnStream =
    "INSERT INTO event_streams (user_id, id, updated_at) SELECT id, id, created_at FROM users WHERE id = $1";
constexpr Sql kUserByEmail = "SELECT id, email, created_at, password_hash FROM codelab_credentials_by_email($1)";
constexpr Sql kUserById = "SELECT id, email, created_at FROM users WHERE id = $1";
constexpr Sql kAllUsers = "SELECT id, email, created_at FROM codelab_users()";
/// In the order in which others take them: the user's own first.
constexpr Sql kLockStreams =
    "SELECT count(*) FROM (SELECT id FROM event_streams WHERE user_id = $1 ORDER BY id <> user_id, id FOR UPDATE) AS s";
constexpr Sql kDeleteUser = "DELETE FROM users WHERE id = $1";

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

}  // namespace

base::Task<base::Result<User>> create_user(Transaction& tx, UserCredentials credentials,
                                           std::vector<Agent> starter_team) {
  const User& user = credentials.user;
  tx.add(kInsertUser, user.id, user.email, credentials.password_hash, user.created_at).add(kInsertOwnStream, user.id);
  tx.advance(core::events::own_stream(user.id), 1 + starter_team.size());
  auto answer = co_await tx.run();
  if (answer.at(0).affected() == 0) {
    co_return base::make_error(base::ErrorCode::email_taken, "this email address is registered already");
  }
  std::vector<core::events::NewEvent> events;
  events.push_back(
      {.type = EventType::user_registered, .payload = fmt::format(R"({{"user":{}}})", base::encode(user))});
  for (const auto& agent : starter_team) {
    insert_agent(tx, user.id, agent);
    events.push_back(agent_event(EventType::agent_created, agent));
  }
  tx.append(std::move(answer.at(2)), std::move(events));
  co_await tx.commit();
  co_return user;
}

base::Task<bool> erase_user(Transaction& tx, UserScope scope) {
  tx.add(kLockStreams, scope.user()).add(kDeleteUser, scope.user());
  auto answer = co_await tx.run();
  co_await tx.commit();
  co_return answer.at(1).affected() == 1;
}

base::Task<base::Result<User>> PostgresUserStore::create(UserCredentials user, std::vector<Agent> starter_team) {
  if (sharded()) return create_placed(std::move(user), std::move(starter_team));
  const auto scope = ScopeIssuer::open(user.user.id);
  return database_.write("user.create", scope, create_user, std::move(user), std::move(starter_team));
}

base::Task<std::optional<UserCredentials>> PostgresUserStore::find_by_email(std::string email) {
  return sharded() ? find_placed(std::move(email)) : find_in(0, std::move(email));
}

base::Task<std::optional<UserCredentials>> PostgresUserStore::find_in(std::size_t shard, std::string email) {
  Batch batch;
  batch.add(kUserByEmail, email);
  auto answer = co_await database_.read_as_operator("user.find_by_email", std::move(batch), shard);
  co_return first_of(std::move(answer.at(0)), read_credentials);
}

base::Task<std::optional<User>> PostgresUserStore::find(UserScope scope) {
  Batch batch;
  batch.add(kUserById, scope.user());
  auto answer = co_await database_.read("user.find", scope, std::move(batch));
  co_return first_of(std::move(answer.at(0)), read_user);
}

base::Task<bool> PostgresUserStore::erase(UserScope scope, base::Timestamp) {
  return sharded() ? erase_placed(scope) : database_.erase("user.erase", scope, erase_user, scope);
}

base::Task<std::vector<User>> PostgresUserStore::list() { return sharded() ? list_placed() : list_in(0); }

base::Task<std::vector<User>> PostgresUserStore::list_in(std::size_t shard) {
  Batch batch;
  batch.add(kAllUsers);
  auto answer = co_await database_.read_as_operator("user.list", std::move(batch), shard);
  co_return all_of(std::move(answer.at(0)), read_user);
}

}  // namespace codelab::infra::postgres
