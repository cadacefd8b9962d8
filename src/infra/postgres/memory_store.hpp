#pragma once

#include <boost/asio/thread_pool.hpp>

#include "core/memory/ports.hpp"
#include "infra/postgres/database.hpp"
#include "infra/postgres/memory_indexes.hpp"

namespace codelab::infra::postgres {

/// Memories and their vectors in PostgreSQL; `indexes` of them at hand in each process. The database is the truth: a
/// search first learns what other processes added and removed. `threads` do what takes longer than an event loop may
/// wait: reading changes into an index and looking through it.
class PostgresMemoryStore final : public core::memory::MemoryStore {
 public:
  /// The references must outlive it; `threads` are joined before the indexes end.
  PostgresMemoryStore(Database& database, MemoryIndexes& indexes, boost::asio::thread_pool& threads)
      : database_(database), indexes_(indexes), threads_(threads) {}

  base::Task<base::Result<core::memory::MemoryItem>> add(core::identity::UserScope scope, base::AgentId agent,
                                                         core::memory::NewMemory memory) override;
  base::Task<std::vector<core::memory::MemoryHit>> search(core::identity::UserScope scope, base::AgentId agent,
                                                          core::memory::MemoryQuery query) override;
  base::Task<core::Page<core::memory::MemoryItem>> list(core::identity::UserScope scope, base::AgentId agent,
                                                        core::PageRequest page) override;
  base::Task<bool> erase(core::identity::UserScope scope, base::AgentId agent, base::MemoryId memory) override;
  /// In several short transactions, so that other writers need not wait for all of it; each appends its own
  /// MEMORY_PRUNED. Writes nothing when there is nothing to forget.
  base::Task<std::int64_t> prune(core::identity::UserScope scope, base::AgentId agent, core::memory::PruneRule rule,
                                 base::Timestamp now) override;
  base::Task<core::memory::MemoryStats> stats(core::identity::UserScope scope, base::AgentId agent) override;

 private:
  Database& database_;
  MemoryIndexes& indexes_;
  boost::asio::thread_pool& threads_;
};

}  // namespace codelab::infra::postgres
