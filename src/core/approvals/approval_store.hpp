#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/task.hpp"
#include "core/approvals/approval.hpp"
#include "core/chat/values.hpp"
#include "core/events/event.hpp"
#include "core/identity/user_scope.hpp"
#include "core/page.hpp"

namespace codelab::core::approvals {

/// How an approval is resolved.
struct Resolution {
  ApprovalStatus status = ApprovalStatus::approved;
  std::optional<std::string> reason;
  base::Timestamp resolved_at;
};

/// Keeps approvals. What is read has the status that it has at the moment `now`: one that is pending past its time has
/// expired, one whose task has ended is cancelled. Thread-safe; throws when the store is away.
class ApprovalStore {
 public:
  virtual ~ApprovalStore() = default;
  /// By the process that runs `task`. The task waits from now on and is nobody's, until the approval is resolved or
  /// its time is over: then it can be taken over (chat::TaskLeases). One that is there already stays as it is, and
  /// nothing is told. False, and nothing written, when the task has ended, its session is gone or another process runs
  /// it.
  virtual base::Task<bool> request(identity::UserScope scope, chat::Task task, Approval approval,
                                   std::vector<events::NewEvent> events) = 0;
  virtual base::Task<std::optional<Approval>> find(identity::UserScope scope, ApprovalId id, base::Timestamp now) = 0;
  /// Newest first.
  virtual base::Task<Page<Approval>> list(identity::UserScope scope, std::optional<ApprovalStatus> status,
                                          PageRequest page, base::Timestamp now) = 0;
  /// Resolves a pending approval. False, and nothing written, when it is not pending any more.
  virtual base::Task<bool> resolve(identity::UserScope scope, Approval approval, Resolution resolution,
                                   std::vector<events::NewEvent> events) = 0;
};

}  // namespace codelab::core::approvals
