#include "core/orchestration/plan_gate.hpp"

#include <algorithm>
#include <utility>

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/json/parse.hpp>

#include "base/describe/encode.hpp"
#include "base/log.hpp"
#include "base/store_error.hpp"
#include "core/approvals/approval_events.hpp"
#include "core/chat/task_lifecycle.hpp"
#include "core/orchestration/plan_estimate.hpp"

namespace codelab::core::orchestration {
namespace {

using approvals::Approval;
using approvals::ApprovalStatus;

/// Between two looks whether it is decided: the longer it has waited, the longer.
constexpr std::chrono::milliseconds kFirstLook{200};
constexpr std::chrono::milliseconds kLastLook{5'000};

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

}  // namespace

base::Task<base::Result<base::Timestamp>> PlanGate::pass(const chat::Call& call, const Plan& plan,
                                                         const OrchestratorConfig& config, bus::AgentBus::Turn& turn) {
  auto known = co_await approvals_.find(call.scope, approval_of(plan), clock_.now());
  if (!known && (has_begun(plan) || !needs_approval(plan, config))) co_return plan.created_at;
  if (!known) co_await request(call, plan);
  if (!known || known->status == ApprovalStatus::pending) {
    co_await turn.step_aside();
    known = co_await decided(call, approval_of(plan));
    co_await turn.come_back();
  }
  if (known->status != ApprovalStatus::approved) co_return refusal(*known);
  co_return known->resolved_at.value_or(plan.created_at);
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
  const bool wanted = co_await approvals_.request(call.scope, call.task, std::move(approval), std::move(events));
  if (!wanted) throw chat::TaskGone();
}

/// A store that is away meanwhile is waited for: the user may decide as long as there is time.
base::Task<Approval> PlanGate::decided(const chat::Call& call, approvals::ApprovalId id) {
  boost::asio::steady_timer pause(co_await boost::asio::this_coro::executor);
  for (auto look = kFirstLook;; look = std::min(kLastLook, look * 3 / 2)) {
    try {
      auto approval = co_await approvals_.find(call.scope, id, clock_.now());
      if (!approval || approval->status == ApprovalStatus::cancelled) throw chat::TaskGone();
      if (approval->status != ApprovalStatus::pending) co_return std::move(*approval);
    } catch (const base::StoreError& failure) {
      base::log::warning("approval_not_read", {{"task_id", call.task.id.str()}, {"reason", failure.what()}});
    }
    pause.expires_after(look);
    co_await pause.async_wait(boost::asio::use_awaitable);
  }
}

}  // namespace codelab::core::orchestration
