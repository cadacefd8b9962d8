#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "infra/postgres/user_move.hpp"
#include "infra/postgres/user_tables.hpp"
#include "tests/integration/postgres/served.hpp"

namespace codelab::infra::postgres {

/// Two databases that users are spread over, `main` and `b`.
class Sharded {
 public:
  DatabaseSettings settings() const {
    DatabaseSettings settings{.address = main.serving(), .migration_address = main.owner(), .connections = 10};
    settings.shards.push_back({.name = "b", .address = b.serving(), .migration_address = b.owner()});
    return settings;
  }
  std::vector<std::string> query(const std::string& shard, const std::string& sql) const {
    return (shard == "main" ? main_questions_ : b_questions_).query(sql);
  }

  /// Every row that the user has there, as text, by table; the catalogue says which tables there are.
  std::map<std::string, std::vector<std::string>> rows(const std::string& shard, const base::UserId& user) const {
    std::map<std::string, std::vector<std::string>> all;
    for (const auto& table : query(shard, "SELECT tablename FROM pg_policies WHERE policyname = 'own_rows'")) {
      const auto* owner = table == "users" ? "id" : "user_id";
      all[table] =
          query(shard, fmt::format("SELECT t::text FROM {} t WHERE {} = '{}' ORDER BY 1", table, owner, user.str()));
    }
    return all;
  }
  bool has_rows(const std::string& shard, const base::UserId& user) const {
    for (const auto& [table, found] : rows(shard, user)) {
      if (!found.empty()) return true;
    }
    return false;
  }
  bool fenced(const std::string& shard, const base::UserId& user) const {
    return query(shard, fmt::format("SELECT 1 FROM moved_users WHERE user_id = '{}'", user.str())).size() == 1;
  }
  /// What the directory says: shard, moving_to, leaving.
  std::string entry(const base::UserId& user) const {
    const auto found = query(
        "main", fmt::format("SELECT shard, moving_to, leaving FROM user_places WHERE user_id = '{}'", user.str()));
    return found.empty() ? "none" : found.front();
  }

  using Step = UserMover::Step;
  using Kind = UserMover::Outcome::Kind;
  base::Result<UserMover::Outcome> move(const base::UserId& user, const std::string& target,
                                        Step last = Step::cleared) const {
    DatabaseSettings mine = settings();
    mine.timeouts.lock = patience;
    return tests::run_task(move_and_close(std::move(mine), user, target, last));
  }

  /// How long a move waits for whoever works for its user.
  std::chrono::milliseconds patience{200};
  tests::PostgresDatabase main{tests::PostgresDatabase::Schema::cleared};
  tests::PostgresDatabase b{tests::PostgresDatabase::Schema::cleared};

 private:
  static base::Task<base::Result<UserMover::Outcome>> move_and_close(DatabaseSettings settings, base::UserId user,
                                                                     std::string target, Step last) {
    ShardLines lines(settings);
    UserMover mover(lines);
    std::exception_ptr failure;
    base::Result<UserMover::Outcome> outcome;
    try {
      outcome = co_await mover.move(user, std::move(target), last);
    } catch (...) {
      failure = std::current_exception();
    }
    lines.close();
    if (failure) std::rethrow_exception(failure);
    co_return outcome;
  }

  tests::PostgresConnection main_questions_{main.superuser()};
  tests::PostgresConnection b_questions_{b.superuser()};
};

inline core::identity::UserCredentials credentials_of(const base::UserId& id, const std::string& email,
                                                      base::Timestamp at) {
  return {.user = {.id = id, .email = email, .created_at = at}, .password_hash = "hash of " + email};
}

/// An id that is drawn to that shard.
inline base::UserId id_for(Served& served, const std::string& shard) {
  for (;;) {
    const auto id = base::UserId::generate();
    const auto& places = served.database().places();
    if (places.names()[places.for_newcomer(id)] == shard) return id;
  }
}

inline core::identity::UserScope new_user_in(Served& served, const std::string& shard) {
  const auto id = id_for(served, shard);
  PostgresUserStore users(served.database());
  auto user = credentials_of(id, id.str() + "@example.org", served.clock.now());
  tests::run_task(users.create(std::move(user), {{.id = base::AgentId::generate(), .name = "coder"}})).value();
  return core::identity::ScopeIssuer::open(id);
}

}  // namespace codelab::infra::postgres
