#pragma once

#include "core/memory/ports.hpp"
#include "infra/sqlite/database.hpp"
#include "infra/sqlite/memory_indexes.hpp"

namespace codelab::infra::sqlite {

/// Memories, vectors and the text index in SQLite; `indexes` of them at hand.
class SqliteMemoryStore final : public core::memory::MemoryStore {
 public:
  SqliteMemoryStore(Database& database, MemoryIndexes& indexes) : database_(database), indexes_(indexes) {}

  base::Task<base::Result<core::memory::MemoryItem>> add(core::identity::UserScope scope, base::AgentId agent,
                                                         core::memory::NewMemory memory) override;
  base::Task<std::vector<core::memory::MemoryHit>> search(core::identity::UserScope scope, base::AgentId agent,
                                                          core::memory::MemoryQuery query) override;
  base::Task<core::Page<core::memory::MemoryItem>> list(core::identity::UserScope scope, base::AgentId agent,
                                                        core::PageRequest page) override;
  base::Task<bool> erase(core::identity::UserScope scope, base::AgentId agent, base::MemoryId memory) override;
  /// In several short transactions, so that other writers need not wait for all of it; each appends its own
  /// MEMORY_PRUNED. Writes nothing, and waits for no writer, when there is nothing to forget.
  base::Task<std::int64_t> prune(core::identity::UserScope scope, base::AgentId agent, core::memory::PruneRule rule,
                                 base::Timestamp now) override;
  base::Task<core::memory::MemoryStats> stats(core::identity::UserScope scope, base::AgentId agent) override;

 private:
  Database& database_;
  MemoryIndexes& indexes_;
};

}  // namespace codelab::infra::sqlite
