#pragma once

#include "core/events/ports.hpp"
#include "infra/sqlite/database.hpp"

namespace codelab::infra::sqlite {

class SqliteEventLog final : public core::events::EventLog, public core::events::OwnStream {
 public:
  explicit SqliteEventLog(Database& database) : database_(database) {}

  base::Task<std::vector<core::events::Event>> read(core::identity::UserScope scope, core::events::StreamId stream,
                                                    std::int64_t after_seq, std::int64_t limit) override;
  base::Task<std::int64_t> last_seq(core::identity::UserScope scope, core::events::StreamId stream) override;
  base::Task<bool> append(core::identity::UserScope scope, core::events::NewEvent event) override;

 private:
  Database& database_;
};

}  // namespace codelab::infra::sqlite
