#include "app/storage.hpp"
#include "infra/sqlite/agent_store.hpp"
#include "infra/sqlite/approval_store.hpp"
#include "infra/sqlite/database.hpp"
#include "infra/sqlite/event_log.hpp"
#include "infra/sqlite/memory_debts.hpp"
#include "infra/sqlite/memory_indexes.hpp"
#include "infra/sqlite/memory_store.hpp"
#include "infra/sqlite/message_store.hpp"
#include "infra/sqlite/orchestrator_store.hpp"
#include "infra/sqlite/plan_store.hpp"
#include "infra/sqlite/session_store.hpp"
#include "infra/sqlite/task_leases.hpp"
#include "infra/sqlite/task_store.hpp"
#include "infra/sqlite/user_store.hpp"
#include "infra/sqlite/work_log.hpp"

namespace codelab::app {
namespace {

class SqliteStorage final : public Storage {
 public:
  SqliteStorage(const config::Settings& settings, const StorageSurroundings& surroundings)
      : indexes_(static_cast<std::size_t>(settings.memory_index_mb) << 20),
        database_({.folder = settings.data_dir}, surroundings.clock, surroundings.relay, surroundings.metrics) {
    add_index_gauges(surroundings.metrics, indexes_);
  }

  std::string_view name() const override { return "sqlite"; }
  core::identity::UserStore& users() override { return users_; }
  core::agents::AgentStore& agents() override { return agents_; }
  core::chat::SessionStore& sessions() override { return sessions_; }
  core::chat::MessageStore& messages() override { return messages_; }
  core::chat::TaskStore& tasks() override { return tasks_; }
  core::orchestration::OrchestratorStore& orchestrators() override { return orchestrators_; }
  core::orchestration::PlanStore& plans() override { return plans_; }
  core::work::WorkLog& work_log() override { return work_log_; }
  core::approvals::ApprovalStore& approvals() override { return approvals_; }
  std::vector<core::chat::TaskLeases*> task_leases() override { return {&task_leases_}; }
  core::chat::MemoryDebts& memory_debts() override { return memory_debts_; }
  core::events::EventLog& event_log() override { return event_log_; }
  core::events::OwnStream& own_stream() override { return event_log_; }
  core::memory::MemoryStore& memories() override { return memories_; }
  /// Its threads are its own and end with it.
  void stop() override {}

 private:
  infra::sqlite::MemoryIndexes indexes_;
  infra::sqlite::Database database_;
  infra::sqlite::SqliteUserStore users_{database_, indexes_};
  infra::sqlite::SqliteAgentStore agents_{database_, indexes_};
  infra::sqlite::SqliteSessionStore sessions_{database_};
  infra::sqlite::SqliteMessageStore messages_{database_};
  infra::sqlite::SqliteTaskStore tasks_{database_};
  infra::sqlite::SqliteOrchestratorStore orchestrators_{database_};
  infra::sqlite::SqlitePlanStore plans_{database_};
  infra::sqlite::SqliteWorkLog work_log_{database_};
  infra::sqlite::SqliteApprovalStore approvals_{database_};
  infra::sqlite::SqliteTaskLeases task_leases_{database_};
  infra::sqlite::SqliteMemoryDebts memory_debts_{database_};
  infra::sqlite::SqliteEventLog event_log_{database_};
  infra::sqlite::SqliteMemoryStore memories_{database_, indexes_};
};

}  // namespace

std::unique_ptr<Storage> open_sqlite_storage(const config::Settings& settings,
                                             const StorageSurroundings& surroundings) {
  return std::make_unique<SqliteStorage>(settings, surroundings);
}

}  // namespace codelab::app
