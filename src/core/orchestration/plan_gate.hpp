#pragma once

#include <chrono>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "core/approvals/approval_store.hpp"
#include "core/bus/agent_bus.hpp"
#include "core/chat/call.hpp"
#include "core/orchestration/orchestrator.hpp"
#include "core/orchestration/plan.hpp"

namespace codelab::core::orchestration {

/// Holds plans that their user wants to approve until that is decided, in whichever process. Thread-safe.
class PlanGate {
 public:
  PlanGate(approvals::ApprovalStore& approvals, const base::Clock& clock, std::chrono::seconds time)
      : approvals_(approvals), clock_(clock), time_(time) {}

  /// From when on the plan may be worked off. A plan that waits holds no slot. Errors: cancelled when it was rejected,
  /// approval_expired. Throws chat::TaskGone when its task has ended, base::StoreError when the store is away.
  base::Task<base::Result<base::Timestamp>> pass(const chat::Call& call, const Plan& plan,
                                                 const OrchestratorConfig& config, bus::AgentBus::Turn& turn);

 private:
  base::Task<> request(const chat::Call& call, const Plan& plan);
  base::Task<approvals::Approval> decided(const chat::Call& call, approvals::ApprovalId id);

  approvals::ApprovalStore& approvals_;
  const base::Clock& clock_;
  const std::chrono::seconds time_;
};

}  // namespace codelab::core::orchestration
