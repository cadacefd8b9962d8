#include "http/handlers/orchestration/orchestration.hpp"

#include <utility>

#include "http/json_response.hpp"
#include "http/parameters.hpp"
#include "http/problem.hpp"

namespace codelab::http::handlers {

base::Task<Response> OrchestrationHandlers::settings(UserRequest request) {
  const auto orchestrator = co_await orchestrators_.get(request.scope());
  co_return json(200, orchestrator.config);
}

base::Task<Response> OrchestrationHandlers::configure(UserRequest request,
                                                      core::orchestration::OrchestratorConfig config) {
  const auto orchestrator = co_await orchestrators_.configure(request.scope(), std::move(config));
  co_return json(200, orchestrator.config);
}

base::Task<base::Result<core::orchestration::Plan>> OrchestrationHandlers::find(const UserRequest& request) {
  const auto id = path_id<core::orchestration::PlanId>(request, "plan_id", base::ErrorCode::plan_not_found);
  if (!id) co_return id.error();
  auto plan = co_await plans_.find(request.scope(), *id);
  if (plan) co_return std::move(*plan);
  co_return base::make_error(base::ErrorCode::plan_not_found, "you have no such plan");
}

base::Task<Response> OrchestrationHandlers::plan(UserRequest request) {
  const auto plan = co_await find(request);
  if (!plan) co_return problem(plan.error(), request.trace_id);
  co_return json(200, *plan);
}

base::Task<Response> OrchestrationHandlers::edit(UserRequest request, core::orchestration::PlanEdit edit) {
  const auto id = path_id<core::orchestration::PlanId>(request, "plan_id", base::ErrorCode::plan_not_found);
  if (!id) co_return problem(id.error(), request.trace_id);
  const auto plan = co_await editor_.edit(request.scope(), *id, std::move(edit));
  if (!plan) co_return problem(plan.error(), request.trace_id);
  co_return json(200, *plan);
}

base::Task<Response> OrchestrationHandlers::cancel(UserRequest request) {
  const auto plan = co_await find(request);
  if (!plan) co_return problem(plan.error(), request.trace_id);
  const auto task = co_await cancellation_.cancel(request.scope(), plan->task_id);
  if (!task) co_return problem(task.error(), request.trace_id);
  co_return co_await this->plan(std::move(request));
}

}  // namespace codelab::http::handlers
