#pragma once

#include "core/chat/ports.hpp"
#include "infra/sqlite/database.hpp"

namespace codelab::infra::sqlite {

class SqliteTaskStore final : public core::chat::TaskStore {
 public:
  explicit SqliteTaskStore(Database& database) : database_(database) {}

  /// An idempotency key is kept for a day, counted from its task's created_at.
  base::Task<base::Result<core::chat::BegunCall>> begin(core::identity::UserScope scope,
                                                        core::chat::NewCall call) override;
  base::Task<base::Result<std::optional<core::chat::Task>>> earlier(core::identity::UserScope scope,
                                                                    core::chat::IdempotencyKey key,
                                                                    base::Timestamp now) override;
  base::Task<bool> append(core::identity::UserScope scope, core::chat::Task task,
                          std::vector<core::events::NewEvent> events) override;
  base::Task<bool> hand_over(core::identity::UserScope scope, core::chat::Task task,
                             std::vector<core::events::NewEvent> events) override;
  base::Task<bool> complete(core::identity::UserScope scope, core::chat::Task task, core::chat::Message answer,
                            std::vector<core::events::NewEvent> events,
                            std::optional<base::Timestamp> memory_due) override;
  base::Task<bool> end(core::identity::UserScope scope, core::chat::Task task,
                       std::vector<core::events::NewEvent> events) override;
  base::Task<bool> cancel(core::identity::UserScope scope, core::chat::Task task,
                          std::vector<core::events::NewEvent> events) override;
  base::Task<std::optional<core::chat::Task>> find(core::identity::UserScope scope, base::TaskId task) override;
  base::Task<core::Page<core::chat::Task>> list(core::identity::UserScope scope, core::chat::TaskFilter filter,
                                                core::PageRequest page) override;
  base::Task<std::optional<core::chat::Message>> answer(core::identity::UserScope scope, base::TaskId task) override;

 private:
  Database& database_;
};

}  // namespace codelab::infra::sqlite
