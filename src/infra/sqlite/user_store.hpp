#pragma once

#include "core/identity/ports.hpp"
#include "infra/sqlite/database.hpp"
#include "infra/sqlite/memory_indexes.hpp"

namespace codelab::infra::sqlite {

class SqliteUserStore final : public core::identity::UserStore {
 public:
  /// `indexes` hold what the memories of an erased user leave behind.
  SqliteUserStore(Database& database, MemoryIndexes& indexes) : database_(database), indexes_(indexes) {}

  base::Task<base::Result<core::identity::User>> create(core::identity::UserCredentials user,
                                                        std::vector<core::agents::Agent> starter_team) override;
  base::Task<std::optional<core::identity::UserCredentials>> find_by_email(std::string email) override;
  base::Task<std::optional<core::identity::User>> find(core::identity::UserScope scope) override;
  /// Forgets the memories in several short transactions first, so that other writers need not wait for all of them;
  /// everything else goes in one.
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
  MemoryIndexes& indexes_;
};

}  // namespace codelab::infra::sqlite
