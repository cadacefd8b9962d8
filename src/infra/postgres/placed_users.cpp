#include <algorithm>
#include <unordered_map>

#include "infra/postgres/directory.hpp"
#include "infra/postgres/user_rows.hpp"
#include "infra/postgres/user_store.hpp"

/// The part of PostgresUserStore for several shards. A user is made in their shard first and then entered in the
/// directory: only then do they exist. They are erased in the same order, so that what is cut off in between leaves
/// either a user whom nobody can find or an entry without a user. Both give way to the next who wants the address.
namespace codelab::infra::postgres {
namespace {

using core::agents::Agent;
using core::identity::ScopeIssuer;
using core::identity::User;
using core::identity::UserCredentials;
using core::identity::UserScope;

/// No process needs as long to enter a user whom it has made.
constexpr std::chrono::minutes kOrphanAfter{1};

base::Error email_taken() {
  return base::make_error(base::ErrorCode::email_taken, "this email address is registered already");
}

}  // namespace

base::Task<base::Result<User>> PostgresUserStore::create_placed(UserCredentials credentials,
                                                                std::vector<Agent> starter_team) {
  const User user = credentials.user;
  const auto scope = ScopeIssuer::open(user.id);
  const std::size_t shard = database_.places().for_newcomer(user.id);
  auto created = co_await database_.write_at(shard, "user.create", scope, create_user, credentials, starter_team);
  if (!created) {
    const bool freed = co_await drop_orphan(user, shard);
    if (!freed) co_return email_taken();
    created = co_await database_.write_at(shard, "user.create", scope, create_user, credentials, starter_team);
    if (!created) co_return email_taken();
  }
  bool placed = co_await place(user, shard);
  if (!placed) {
    const bool freed = co_await drop_half_erased(user.email);
    if (freed) placed = co_await place(user, shard);
  }
  if (!placed) {
    co_await remove_from(shard, user.id);
    co_return email_taken();
  }
  database_.places().keep(user.id, shard);
  co_return created;
}

base::Task<bool> PostgresUserStore::place(User user, std::size_t shard) {
  auto entry = directory::place_user(user.id, user.email, database_.places().names()[shard]);
  auto answer = co_await database_.write_as_operator("user.place", std::move(entry));
  co_return directory::read_bool(std::move(answer));
}

base::Task<std::optional<directory::Resident>> PostgresUserStore::resident_of(std::string email) {
  auto question = directory::ask_place_by_email(email);
  auto entry = co_await database_.read_as_operator("user.place_by_email", std::move(question));
  co_return directory::read_resident(std::move(entry));
}

/// Whoever has the address in this shard and not in the directory was never made to the end, unless somebody is at it
/// now. True when the address is free. In `main`, users without an entry are users.
base::Task<bool> PostgresUserStore::drop_orphan(User newcomer, std::size_t shard) {
  if (shard == 0) co_return false;
  const auto holder = co_await find_in(shard, newcomer.email);
  if (!holder) co_return true;
  const auto resident = co_await resident_of(newcomer.email);
  const bool known = resident && resident->user == holder->user.id;
  if (known || holder->user.created_at + kOrphanAfter > newcomer.created_at) co_return false;
  co_await remove_from(shard, holder->user.id);
  co_return true;
}

/// Whoever has the address in the directory and is not in their shard was being erased. True when the entry is gone.
base::Task<bool> PostgresUserStore::drop_half_erased(std::string email) {
  const auto resident = co_await resident_of(email);
  if (!resident) co_return false;
  const std::size_t shard = database_.places().number_of(resident->shard);
  const auto holder = co_await find_in(shard, std::move(email));
  if (holder && holder->user.id == resident->user) co_return false;
  auto forget = directory::forget_place(resident->user, resident->shard);
  co_await database_.write_as_operator("user.forget_place", std::move(forget));
  co_return true;
}

base::Task<bool> PostgresUserStore::remove_from(std::size_t shard, base::UserId user) {
  const auto scope = ScopeIssuer::open(user);
  co_return co_await database_.write_at(shard, "user.remove", scope, erase_user, scope);
}

/// Looks twice: the user may move between the two questions.
base::Task<std::optional<UserCredentials>> PostgresUserStore::find_placed(std::string email) {
  for (int look = 0; look < 2; ++look) {
    const auto resident = co_await resident_of(email);
    const std::size_t shard = resident ? database_.places().number_of(resident->shard) : 0;
    auto found = co_await find_in(shard, email);
    if (!resident || (found && found->user.id == resident->user)) co_return found;
  }
  co_return std::nullopt;
}

/// What a move has left elsewhere goes before and after: one may end in between. Where that was is forgotten only when
/// the user is gone: until then it says that a fence may still be up where they live.
base::Task<bool> PostgresUserStore::erase_placed(UserScope scope) {
  co_await without_leftovers(scope.user());
  const bool erased = co_await database_.erase("user.erase", scope, erase_user, scope);
  const auto place = co_await without_leftovers(scope.user());
  if (place.leaving) {
    auto left = directory::has_left(scope.user(), *place.leaving);
    co_await database_.write_as_operator("user.has_left", std::move(left));
  }
  auto forget = directory::forget_place(scope.user(), place.shard);
  co_await database_.write_as_operator("user.forget_place", std::move(forget));
  database_.places().forget(scope.user());
  co_return erased;
}

/// Where the user lives, once it is the only shard that has rows of theirs.
base::Task<directory::Place> PostgresUserStore::without_leftovers(base::UserId user) {
  auto question = directory::ask_place(user);
  auto entry = co_await database_.read_as_operator("user.place", std::move(question));
  const auto found = directory::read_place(std::move(entry));
  directory::Place place = found.value_or(directory::Place{.shard = std::string(kMainShard)});
  if (place.leaving) {
    const std::size_t left_shard = database_.places().number_of(*place.leaving);
    co_await remove_from(left_shard, user);
  }
  co_return place;
}

/// Of users who are in two shards, because a move was cut off, only the one where they live counts.
base::Task<std::vector<User>> PostgresUserStore::list_placed() {
  auto question = directory::ask_residents();
  auto entries = co_await database_.read_as_operator("user.places", std::move(question));
  std::unordered_map<base::UserId, std::size_t> homes;
  for (const auto& each : directory::read_residents(std::move(entries))) {
    homes.emplace(each.user, database_.places().number_of(each.shard));
  }
  std::vector<User> users;
  for (std::size_t shard = 0; shard < database_.shards(); ++shard) {
    auto here = co_await list_in(shard);
    for (User& user : here) {
      const auto home = homes.find(user.id);
      if ((home == homes.end() ? 0 : home->second) == shard) users.push_back(std::move(user));
    }
  }
  std::ranges::sort(users, {}, &User::id);
  co_return users;
}

}  // namespace codelab::infra::postgres
