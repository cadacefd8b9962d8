#include "core/orchestration/plan_gate.hpp"

#include <algorithm>
#include <utility>

#include <boost/json/parse.hpp>

#include "base/describe/encode.hpp"
#include "core/approvals/approval_events.hpp"
#include "core/chat/task_lifecycle.hpp"
#include "core/orchestration/plan_estimate.hpp"

namespace codelab::core::orchestration {
namespace {

using approvals::Approval;
using approvals::ApprovalStatus;

/// Of one user, at the same time.
constexpr std::int64_t kMostThatWait = 100;

/// A plan is decided on once: its approval has its id.
approvals::ApprovalId approval_of(const Plan& plan) { return {plan.id.bytes}; }

bool needs_approval(const Plan& plan, const OrchestratorConfig& config) {
  if (config.require_approval == RequireApproval::always) return true;
  return config.require_approval == RequireApproval::risky && plan.estimate && is_risky(*plan.estimate, config);
}

/// One that has begun was approved, or needed no approval then.
bool has_begun(const Plan& plan) {
  return std::ranges::any_of(plan.nodes, [](const PlanNode& node) { return node.status != NodeStatus::pending; });
}

struct Subject {
  PlanId plan_id;
  std::string goal;
  std::optional<PlanEstimate> estimate;

  static constexpr std::string_view kName = "PlanApproval";
  static constexpr auto describe() {
    using base::field;
    return base::fields(field("plan_id", &Subject::plan_id), field("goal", &Subject::goal),
                        field("estimate", &Subject::estimate));
  }
};

base::Error refusal(const Approval& approval) {
  if (approval.status == ApprovalStatus::expired) {
    return base::make_error(base::ErrorCode::approval_expired, "nobody approved the plan in time");
  }
  return base::make_error(base::ErrorCode::cancelled, "the plan was rejected");
}

base::Error too_many() {
  return base::make_error(base::ErrorCode::queue_full,
                          "too many of your plans wait for approval: decide on some of them first");
}

}  // namespace

base::Task<std::optional<base::Error>> PlanGate::pass(const chat::Call& call, const Plan& plan,
                                                      const OrchestratorConfig& config) {
  const auto known = co_await approvals_.find(call.scope, approval_of(plan), clock_.now());
  if (known && known->status == ApprovalStatus::approved) co_return std::nullopt;
  if (known && known->status != ApprovalStatus::pending) co_return refusal(*known);
  if (!known && (has_begun(plan) || !needs_approval(plan, config))) co_return std::nullopt;
  if (!known) {
    const bool full = co_await too_many_wait(call.scope);
    if (full) co_return too_many();
  }
  // Whether that was stored or the task has ended meanwhile: there is nothing to be done here any more.
  co_await request(call, plan);
  throw chat::TaskGone();
}

base::Task<> PlanGate::request(const chat::Call& call, const Plan& plan) {
  const base::Timestamp now = clock_.now();
  const Subject subject{.plan_id = plan.id, .goal = plan.goal, .estimate = plan.estimate};
  Approval approval{.id = approval_of(plan),
                    .session_id = call.task.session_id,
                    .task_id = call.task.id,
                    .type = approvals::ApprovalType::plan,
                    .payload = boost::json::parse(base::encode(subject)).as_object(),
                    .status = ApprovalStatus::pending,
                    .created_at = now,
                    .expires_at = now + time_,
                    .resolved_at = std::nullopt,
                    .reason = std::nullopt};
  std::vector<events::NewEvent> events{approvals::approval_required(approval, call.agent.name)};
  co_await approvals_.request(call.scope, call.task, std::move(approval), std::move(events));
}

base::Task<bool> PlanGate::too_many_wait(identity::UserScope scope) {
  const auto waiting = co_await approvals_.list(scope, ApprovalStatus::pending, {.limit = 1}, clock_.now());
  co_return waiting.total >= kMostThatWait;
}

}  // namespace codelab::core::orchestration
