#pragma once

#include "core/chat/memory_debts.hpp"
#include "infra/postgres/database.hpp"

namespace codelab::infra::postgres {

class PostgresMemoryDebts final : public core::chat::MemoryDebts {
 public:
  explicit PostgresMemoryDebts(Database& database) : database_(database) {}

  base::Task<> owe(core::identity::UserScope scope, base::TaskId task, base::Timestamp due) override;
  base::Task<std::vector<core::chat::OwedMemory>> claim(base::Timestamp now, base::Timestamp again,
                                                        std::int64_t limit) override;
  base::Task<> settle(std::vector<core::chat::SettledMemory> memories) override;

 private:
  Database& database_;
};

}  // namespace codelab::infra::postgres
