#pragma once

#include "core/approvals/approval_store.hpp"
#include "infra/sqlite/database.hpp"

namespace codelab::infra::sqlite {

class SqliteApprovalStore final : public core::approvals::ApprovalStore {
 public:
  explicit SqliteApprovalStore(Database& database) : database_(database) {}

  base::Task<bool> request(core::identity::UserScope scope, core::chat::Task task, core::approvals::Approval approval,
                           std::vector<core::events::NewEvent> events) override;
  base::Task<std::optional<core::approvals::Approval>> find(core::identity::UserScope scope,
                                                            core::approvals::ApprovalId id,
                                                            base::Timestamp now) override;
  base::Task<core::Page<core::approvals::Approval>> list(core::identity::UserScope scope,
                                                         std::optional<core::approvals::ApprovalStatus> status,
                                                         core::PageRequest page, base::Timestamp now) override;
  base::Task<bool> resolve(core::identity::UserScope scope, core::approvals::Approval approval,
                           core::approvals::Resolution resolution, std::vector<core::events::NewEvent> events) override;

 private:
  Database& database_;
};

}  // namespace codelab::infra::sqlite
