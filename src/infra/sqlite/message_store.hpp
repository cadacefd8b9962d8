#pragma once

#include "core/chat/ports.hpp"
#include "infra/sqlite/database.hpp"

namespace codelab::infra::sqlite {

class SqliteMessageStore final : public core::chat::MessageStore {
 public:
  explicit SqliteMessageStore(Database& database) : database_(database) {}

  base::Task<base::Result<core::Page<core::chat::Message>>> list(core::identity::UserScope scope,
                                                                 base::SessionId session,
                                                                 core::chat::MessageRange range) override;
  base::Task<std::vector<core::chat::Message>> history(core::identity::UserScope scope, base::SessionId session,
                                                       base::MessageId before, std::int64_t limit) override;

 private:
  Database& database_;
};

}  // namespace codelab::infra::sqlite
