#pragma once

#include "core/agents/ports.hpp"
#include "infra/sqlite/database.hpp"
#include "infra/sqlite/memory_indexes.hpp"

namespace codelab::infra::sqlite {

class SqliteAgentStore final : public core::agents::AgentStore {
 public:
  /// `indexes` hold what the memories of a dropped agent leave behind.
  SqliteAgentStore(Database& database, MemoryIndexes& indexes) : database_(database), indexes_(indexes) {}

  base::Task<core::Page<core::agents::Agent>> list(core::identity::UserScope scope, core::PageRequest page) override;
  base::Task<std::optional<core::agents::Agent>> find(core::identity::UserScope scope,
                                                      core::agents::AgentRef ref) override;
  base::Task<base::Result<core::agents::Agent>> create(core::identity::UserScope scope,
                                                       core::agents::Agent agent) override;
  base::Task<base::Result<core::agents::Agent>> replace(core::identity::UserScope scope, core::agents::Agent agent,
                                                        base::Timestamp expected_updated_at) override;
  /// Forgets the memories in several short transactions first, so that other writers need not wait for all of them.
  base::Task<bool> erase(core::identity::UserScope scope, base::AgentId agent, base::Timestamp now) override;

 private:
  Database& database_;
  MemoryIndexes& indexes_;
};

}  // namespace codelab::infra::sqlite
