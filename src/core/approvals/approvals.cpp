#include "core/approvals/approvals.hpp"

#include <utility>

#include <fmt/format.h>

#include "core/approvals/approval_events.hpp"

namespace codelab::core::approvals {
namespace {

base::Error why_not(const Approval& approval) {
  if (approval.status == ApprovalStatus::expired) {
    return base::make_error(base::ErrorCode::approval_expired, "nobody decided in time");
  }
  return base::make_error(base::ErrorCode::state_conflict,
                          fmt::format("it is {} already", base::name_of(approval.status)));
}

}  // namespace

base::Task<base::Result<Approval>> Approvals::find(identity::UserScope scope, ApprovalId id) {
  auto approval = co_await store_.find(scope, id, clock_.now());
  if (approval) co_return std::move(*approval);
  co_return base::make_error(base::ErrorCode::approval_not_found, "you have no such approval");
}

base::Task<Page<Approval>> Approvals::list(identity::UserScope scope, std::optional<ApprovalStatus> status,
                                           PageRequest page) {
  co_return co_await store_.list(scope, status, std::move(page), clock_.now());
}

base::Task<base::Result<Approval>> Approvals::decide(identity::UserScope scope, ApprovalId id, Decision decision,
                                                     std::optional<std::string> reason) {
  auto approval = co_await find(scope, id);
  if (!approval) co_return approval;
  if (approval->status != ApprovalStatus::pending) co_return why_not(*approval);
  const bool approved = decision == Decision::approve;
  Resolution resolution{.status = approved ? ApprovalStatus::approved : ApprovalStatus::rejected,
                        .reason = std::move(reason),
                        .resolved_at = clock_.now()};
  std::vector<events::NewEvent> events{approval_resolved(*approval, resolution)};
  const bool resolved = co_await store_.resolve(scope, *approval, std::move(resolution), std::move(events));
  approval = co_await find(scope, id);
  if (!approval) co_return approval;
  if (!resolved) co_return why_not(*approval);
  // What is rejected and not cancelled here is cancelled by whoever takes its task over.
  if (!approved) static_cast<void>(co_await cancellation_.cancel(scope, approval->task_id));
  decided_();
  co_return approval;
}

}  // namespace codelab::core::approvals
