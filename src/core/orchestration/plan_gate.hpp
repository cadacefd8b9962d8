#pragma once

#include <chrono>
#include <optional>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "core/approvals/approval_store.hpp"
#include "core/chat/call.hpp"
#include "core/orchestration/orchestrator.hpp"
#include "core/orchestration/plan.hpp"

namespace codelab::core::orchestration {

/// Holds plans that their user wants to approve until that is decided. A task that waits is nobody's: this process ends
/// its work on it, and whoever takes it over when it is decided passes here again. Thread-safe.
class PlanGate {
 public:
  PlanGate(approvals::ApprovalStore& approvals, const base::Clock& clock, std::chrono::seconds time)
      : approvals_(approvals), clock_(clock), time_(time) {}

  /// Why the plan may not be worked off; nothing when it may. Errors: cancelled when it was rejected, approval_expired,
  /// queue_full when too many plans of the user wait already. Throws chat::TaskGone when it is to wait, or its task has
  /// ended; base::StoreError when the store is away.
  base::Task<std::optional<base::Error>> pass(const chat::Call& call, const Plan& plan,
                                              const OrchestratorConfig& config);

 private:
  base::Task<> request(const chat::Call& call, const Plan& plan);
  base::Task<bool> too_many_wait(identity::UserScope scope);

  approvals::ApprovalStore& approvals_;
  const base::Clock& clock_;
  const std::chrono::seconds time_;
};

}  // namespace codelab::core::orchestration
