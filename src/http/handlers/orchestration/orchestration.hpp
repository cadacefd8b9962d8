#pragma once

#include "core/chat/cancellation.hpp"
#include "core/orchestration/orchestrators.hpp"
#include "core/orchestration/plan_editor.hpp"
#include "core/orchestration/plan_store.hpp"
#include "http/api_request.hpp"

namespace codelab::http::handlers {

/// /my/orchestrator and /my/plans/*.
class OrchestrationHandlers {
 public:
  OrchestrationHandlers(core::orchestration::Orchestrators& orchestrators, core::orchestration::PlanStore& plans,
                        core::orchestration::PlanEditor& editor, core::chat::Cancellation& cancellation)
      : orchestrators_(orchestrators), plans_(plans), editor_(editor), cancellation_(cancellation) {}

  base::Task<Response> settings(UserRequest request);
  base::Task<Response> configure(UserRequest request, core::orchestration::OrchestratorConfig config);
  base::Task<Response> plan(UserRequest request);
  base::Task<Response> edit(UserRequest request, core::orchestration::PlanEdit edit);
  base::Task<Response> cancel(UserRequest request);

 private:
  base::Task<base::Result<core::orchestration::Plan>> find(const UserRequest& request);

  core::orchestration::Orchestrators& orchestrators_;
  core::orchestration::PlanStore& plans_;
  core::orchestration::PlanEditor& editor_;
  core::chat::Cancellation& cancellation_;
};

}  // namespace codelab::http::handlers
