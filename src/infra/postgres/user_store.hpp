#pragma once

#include "core/identity/ports.hpp"
#include "infra/postgres/database.hpp"

namespace codelab::infra::postgres {

/// Finding a user by e-mail address and listing users go through the functions for operators; everything else sees the
/// one user.
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
  Database& database_;
};

}  // namespace codelab::infra::postgres
