#pragma once

#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "base/result.hpp"
#include "core/approvals/approval_store.hpp"
#include "core/chat/cancellation.hpp"

namespace codelab::core::approvals {

/// A user's approvals. Thread-safe; throws when the store is away.
class Approvals {
 public:
  /// `decided` is called, on any thread, when a task that waited may be taken over.
  Approvals(ApprovalStore& store, chat::Cancellation& cancellation, const base::Clock& clock,
            std::function<void()> decided)
      : store_(store), cancellation_(cancellation), clock_(clock), decided_(std::move(decided)) {}

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
  const std::function<void()> decided_;
};

}  // namespace codelab::core::approvals
