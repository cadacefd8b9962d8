#pragma once

#include "core/chat/task_leases.hpp"
#include "infra/postgres/database.hpp"

namespace codelab::infra::postgres {

/// The leases of the processes that share a database, by its clock. With several shards there is one of these for each.
class PostgresTaskLeases final : public core::chat::TaskLeases {
 public:
  explicit PostgresTaskLeases(Database& database, std::size_t shard = 0) : database_(database), shard_(shard) {}

  base::Task<> renew(std::chrono::milliseconds lease) override;
  base::Task<std::vector<core::chat::TakenTask>> take_over(core::chat::TakeOverRule rule) override;
  base::Task<> release() override;

 private:
  Database& database_;
  const std::size_t shard_;
};

}  // namespace codelab::infra::postgres
