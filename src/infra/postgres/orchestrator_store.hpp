#pragma once

#include "core/orchestration/orchestrator_store.hpp"
#include "infra/postgres/database.hpp"

namespace codelab::infra::postgres {

class PostgresOrchestratorStore final : public core::orchestration::OrchestratorStore {
 public:
  explicit PostgresOrchestratorStore(Database& database) : database_(database) {}

  base::Task<core::orchestration::Orchestrator> open(core::identity::UserScope scope,
                                                     core::orchestration::Orchestrator fresh) override;
  base::Task<core::orchestration::Orchestrator> configure(core::identity::UserScope scope,
                                                          core::orchestration::OrchestratorConfig config,
                                                          base::Timestamp now) override;

 private:
  Database& database_;
};

}  // namespace codelab::infra::postgres
