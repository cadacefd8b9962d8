#pragma once

#include <optional>
#include <string>

#include "base/result.hpp"
#include "core/approvals/approval_store.hpp"
#include "core/chat/cancellation.hpp"

namespace codelab::core::approvals {

/// A user's approvals. Thread-safe; throws when the store is away.
class Approvals {
 public:
  Approvals(ApprovalStore& store, chat::Cancellation& cancellation, const base::Clock& clock)
      : store_(store), cancellation_(cancellation), clock_(clock) {}

  /// Errors: approval_not_found.
  base::Task<base::Result<Approval>> find(identity::UserScope scope, ApprovalId id);
  base::Task<Page<Approval>> list(identity::UserScope scope, std::optional<ApprovalStatus> status, PageRequest page);
  /// The approval, resolved; what is rejected is cancelled. Errors: approval_not_found; approval_expired;
  /// state_conflict when it was decided already, or its task has ended.
  base::Task<base::Result<Approval>> decide(identity::UserScope scope, ApprovalId id, Decision decision,
                                            std::optional<std::string> reason);

 private:
  ApprovalStore& store_;
  chat::Cancellation& cancellation_;
  const base::Clock& clock_;
};

}  // namespace codelab::core::approvals
