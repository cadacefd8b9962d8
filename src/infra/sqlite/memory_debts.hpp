#pragma once

#include "core/chat/memory_debts.hpp"
#include "infra/sqlite/database.hpp"

namespace codelab::infra::sqlite {

class SqliteMemoryDebts final : public core::chat::MemoryDebts {
 public:
  explicit SqliteMemoryDebts(Database& database) : database_(database) {}

  base::Task<> owe(core::identity::UserScope scope, base::TaskId task, base::Timestamp due) override;
  base::Task<std::vector<core::chat::OwedMemory>> claim(base::Timestamp now, base::Timestamp again,
                                                        std::int64_t limit) override;
  base::Task<> settle(std::vector<core::chat::SettledMemory> memories) override;

 private:
  Database& database_;
};

}  // namespace codelab::infra::sqlite
