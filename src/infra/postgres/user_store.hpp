#pragma once

#include "core/identity/ports.hpp"
#include "infra/postgres/database.hpp"
#include "infra/postgres/directory.hpp"

namespace codelab::infra::postgres {

/// Finding a user by e-mail address and listing users go through the functions for operators; everything else sees the
/// one user. With several shards, users are made and erased in their own one and in the directory, where it counts.
class PostgresUserStore final : public core::identity::UserStore {
 public:
  explicit PostgresUserStore(Database& database) : database_(database) {}

  base::Task<base::Result<core::identity::User>> create(core::identity::UserCredentials user,
                                                        std::vector<core::agents::Agent> starter_team) override;
  base::Task<std::optional<core::identity::UserCredentials>> find_by_email(std::string email) override;
  base::Task<std::optional<core::identity::User>> find(core::identity::UserScope scope) override;
  base::Task<bool> erase(core::identity::UserScope scope, base::Timestamp now) override;
  base::Task<std::vector<core::identity::User>> list() override;

  base::Task<> open_session(core::identity::UserScope scope, core::identity::RefreshTokenRecord first,
                            base::Timestamp now) override;
  base::Task<Rotation> rotate(core::identity::UserScope scope, std::string used_hash,
                              core::identity::RefreshTokenRecord next, base::Timestamp now) override;
  base::Task<std::optional<base::AuthSessionId>> revoke(core::identity::UserScope scope, std::string token_hash,
                                                        base::Timestamp now) override;
  base::Task<bool> session_alive(core::identity::UserScope scope, base::AuthSessionId session) override;

 private:
  bool sharded() const { return database_.shards() > 1; }
  base::Task<base::Result<core::identity::User>> create_placed(core::identity::UserCredentials user,
                                                               std::vector<core::agents::Agent> starter_team);
  base::Task<bool> place(core::identity::User user, std::size_t shard);
  base::Task<std::optional<directory::Resident>> resident_of(std::string email);
  base::Task<bool> drop_orphan(core::identity::User newcomer, std::size_t shard);
  base::Task<bool> drop_half_erased(std::string email);
  base::Task<bool> remove_from(std::size_t shard, base::UserId user);
  base::Task<std::optional<core::identity::UserCredentials>> find_placed(std::string email);
  base::Task<std::optional<core::identity::UserCredentials>> find_in(std::size_t shard, std::string email);
  base::Task<bool> erase_placed(core::identity::UserScope scope);
  base::Task<directory::Place> without_leftovers(base::UserId user);
  base::Task<std::vector<core::identity::User>> list_placed();
  base::Task<std::vector<core::identity::User>> list_in(std::size_t shard);

  Database& database_;
};

}  // namespace codelab::infra::postgres
