#include <filesystem>
#include <functional>
#include <optional>

#include "infra/sqlite/agent_store.hpp"
#include "infra/sqlite/approval_store.hpp"
#include "infra/sqlite/event_log.hpp"
#include "infra/sqlite/memory_debts.hpp"
#include "infra/sqlite/memory_store.hpp"
#include "infra/sqlite/message_store.hpp"
#include "infra/sqlite/orchestrator_store.hpp"
#include "infra/sqlite/plan_store.hpp"
#include "infra/sqlite/session_store.hpp"
#include "infra/sqlite/task_leases.hpp"
#include "infra/sqlite/task_store.hpp"
#include "infra/sqlite/user_store.hpp"
#include "infra/sqlite/work_log.hpp"
#include "tests/contract/store_kinds.hpp"
#include "tests/contract/temporary_folder.hpp"

namespace codelab::tests {
namespace {

namespace sqlite = infra::sqlite;

constexpr std::size_t kIndexBytes = 1 << 20;
/// More than any test stores.
constexpr std::size_t kWordsInMemory = 100'000;
constexpr std::size_t kWordsOnDisk = 0;

/// The stores as one process has them.
struct Process {
  Process(const std::filesystem::path& folder, const base::Clock& clock, core::events::EventRelay& relay,
          std::size_t max_texts)
      : indexes(kIndexBytes, max_texts), database({.folder = folder}, clock, relay, observer) {}

  sqlite::StoreObserver observer;
  sqlite::MemoryIndexes indexes;
  sqlite::Database database;
  sqlite::SqliteUserStore users{database, indexes};
  sqlite::SqliteAgentStore agents{database, indexes};
  sqlite::SqliteSessionStore sessions{database};
  sqlite::SqliteMessageStore messages{database};
  sqlite::SqliteTaskStore tasks{database};
  sqlite::SqliteOrchestratorStore orchestrators{database};
  sqlite::SqlitePlanStore plans{database};
  sqlite::SqliteWorkLog work_log{database};
  sqlite::SqliteApprovalStore approvals{database};
  sqlite::SqliteTaskLeases leases{database};
  sqlite::SqliteMemoryDebts debts{database};
  sqlite::SqliteEventLog log{database};
  sqlite::SqliteMemoryStore memory{database, indexes};
};

class SqliteStores final : public Stores {
 public:
  SqliteStores(const base::Clock& clock, core::events::EventRelay& relay, std::size_t max_texts)
      : start_([this, &clock, &relay, max_texts] { process_.emplace(folder_.path(), clock, relay, max_texts); }) {
    start_();
  }

  core::identity::UserStore& users() override { return process_->users; }
  core::agents::AgentStore& agents() override { return process_->agents; }
  core::chat::SessionStore& sessions() override { return process_->sessions; }
  core::chat::MessageStore& messages() override { return process_->messages; }
  core::chat::TaskStore& tasks() override { return process_->tasks; }
  core::orchestration::OrchestratorStore& orchestrators() override { return process_->orchestrators; }
  core::orchestration::PlanStore& plans() override { return process_->plans; }
  core::work::WorkLog& work_log() override { return process_->work_log; }
  core::approvals::ApprovalStore& approvals() override { return process_->approvals; }
  core::chat::TaskLeases& leases() override { return process_->leases; }
  core::chat::MemoryDebts& debts() override { return process_->debts; }
  core::events::EventLog& log() override { return process_->log; }
  core::events::OwnStream& own_stream() override { return process_->log; }
  core::memory::MemoryStore& memory() override { return process_->memory; }
  void restart() override {
    process_.reset();
    start_();
  }

 private:
  TemporaryFolder folder_;
  std::optional<Process> process_;
  std::function<void()> start_;
};

template <std::size_t max_texts>
std::unique_ptr<Stores> make_stores(const base::Clock& clock, core::events::EventRelay& relay) {
  return std::make_unique<SqliteStores>(clock, relay, max_texts);
}

}  // namespace

std::vector<StoreKind> sqlite_kinds() {
  return {{"Sqlite", make_stores<kWordsInMemory>}, {"SqliteWithWordsOnDisk", make_stores<kWordsOnDisk>}};
}

}  // namespace codelab::tests
