#pragma once

#include "core/agents/ports.hpp"
#include "infra/postgres/database.hpp"

namespace codelab::infra::postgres {

/// Whoever changes a user's agents holds the user's own stream meanwhile, so that names cannot cross.
class PostgresAgentStore final : public core::agents::AgentStore {
 public:
  explicit PostgresAgentStore(Database& database) : database_(database) {}

  base::Task<core::Page<core::agents::Agent>> list(core::identity::UserScope scope, core::PageRequest page) override;
  base::Task<std::optional<core::agents::Agent>> find(core::identity::UserScope scope,
                                                      core::agents::AgentRef ref) override;
  base::Task<base::Result<core::agents::Agent>> create(core::identity::UserScope scope,
                                                       core::agents::Agent agent) override;
  base::Task<base::Result<core::agents::Agent>> replace(core::identity::UserScope scope, core::agents::Agent agent,
                                                        base::Timestamp expected_updated_at) override;
  base::Task<bool> erase(core::identity::UserScope scope, base::AgentId agent, base::Timestamp now) override;

 private:
  Database& database_;
};

}  // namespace codelab::infra::postgres
