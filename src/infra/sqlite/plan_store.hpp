#pragma once

#include "core/orchestration/plan_store.hpp"
#include "infra/sqlite/database.hpp"

namespace codelab::infra::sqlite {

class SqlitePlanStore final : public core::orchestration::PlanStore {
 public:
  explicit SqlitePlanStore(Database& database) : database_(database) {}

  base::Task<core::orchestration::Changed> create(core::identity::UserScope scope, core::orchestration::Plan plan,
                                                  std::vector<core::events::NewEvent> events) override;
  base::Task<core::orchestration::Changed> change(core::identity::UserScope scope, core::chat::Task task,
                                                  core::orchestration::PlanChange change) override;
  base::Task<core::orchestration::Changed> edit(core::identity::UserScope scope, core::chat::Task task,
                                                core::orchestration::PlanChange change) override;
  base::Task<std::optional<core::orchestration::Plan>> find(core::identity::UserScope scope,
                                                            core::orchestration::PlanId plan) override;
  base::Task<std::optional<core::orchestration::Plan>> of_task(core::identity::UserScope scope,
                                                               base::TaskId task) override;
  base::Task<std::vector<core::orchestration::PastWork>> past_work(core::identity::UserScope scope) override;

 private:
  Database& database_;
};

}  // namespace codelab::infra::sqlite
