#pragma once

#include "core/chat/ports.hpp"
#include "infra/postgres/database.hpp"

namespace codelab::infra::postgres {

class PostgresMessageStore final : public core::chat::MessageStore {
 public:
  explicit PostgresMessageStore(Database& database) : database_(database) {}

  base::Task<base::Result<core::Page<core::chat::Message>>> list(core::identity::UserScope scope,
                                                                 base::SessionId session,
                                                                 core::chat::MessageRange range) override;
  base::Task<std::vector<core::chat::Message>> history(core::identity::UserScope scope, base::SessionId session,
                                                       base::MessageId before, std::int64_t limit) override;

 private:
  Database& database_;
};

}  // namespace codelab::infra::postgres
