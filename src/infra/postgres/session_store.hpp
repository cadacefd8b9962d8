#pragma once

#include "core/chat/ports.hpp"
#include "infra/postgres/database.hpp"

namespace codelab::infra::postgres {

class PostgresSessionStore final : public core::chat::SessionStore {
 public:
  explicit PostgresSessionStore(Database& database) : database_(database) {}

  base::Task<core::chat::Session> create(core::identity::UserScope scope, core::chat::Session session) override;
  base::Task<core::Page<core::chat::Session>> list(core::identity::UserScope scope, core::PageRequest page) override;
  base::Task<std::optional<core::chat::Session>> find(core::identity::UserScope scope,
                                                      base::SessionId session) override;
  base::Task<base::Result<core::chat::Session>> rename(core::identity::UserScope scope, base::SessionId session,
                                                       std::string title, base::Timestamp now) override;
  base::Task<bool> erase(core::identity::UserScope scope, base::SessionId session, base::Timestamp now) override;

 private:
  Database& database_;
};

}  // namespace codelab::infra::postgres
