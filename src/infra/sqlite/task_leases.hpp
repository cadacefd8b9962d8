#pragma once

#include "core/chat/task_leases.hpp"
#include "infra/sqlite/database.hpp"

namespace codelab::infra::sqlite {

/// The leases of a database that one process has for itself: all others that ever ran a task of it are gone.
class SqliteTaskLeases final : public core::chat::TaskLeases {
 public:
  explicit SqliteTaskLeases(Database& database) : database_(database) {}

  base::Task<> renew(std::chrono::milliseconds lease) override;
  base::Task<std::vector<core::chat::TakenTask>> take_over(core::chat::TakeOverRule rule) override;
  base::Task<> release() override;

 private:
  Database& database_;
};

}  // namespace codelab::infra::sqlite
