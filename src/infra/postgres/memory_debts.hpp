#pragma once

#include <atomic>
#include <cstddef>

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
  base::Task<std::vector<core::chat::OwedMemory>> claim_in(std::size_t shard, base::Timestamp now,
                                                           base::Timestamp again, std::int64_t limit);

  Database& database_;
  /// Whose turn it is to be asked first.
  std::atomic<std::size_t> next_shard_{0};
};

}  // namespace codelab::infra::postgres
