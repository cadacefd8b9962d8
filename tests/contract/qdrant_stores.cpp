#include <atomic>
#include <cstdlib>
#include <unistd.h>

#include <fmt/format.h>

#include "base/cores.hpp"
#include "infra/inprocess/prune_turns.hpp"
#include "infra/qdrant/memory_store.hpp"
#include "infra/sqlite/agent_store.hpp"
#include "infra/sqlite/approval_store.hpp"
#include "infra/sqlite/event_log.hpp"
#include "infra/sqlite/memory_debts.hpp"
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
#include "tests/servers/qdrant_server.hpp"

namespace codelab::tests {
namespace {

namespace qdrant = infra::qdrant;
namespace sqlite = infra::sqlite;

constexpr std::size_t kIndexBytes = 1 << 20;

/// Each store has names of its own, on a server that is not emptied in between.
qdrant::Options options(qdrant::LayoutKind layout) {
  static std::atomic<int> count{0};
  // A proxy of the machine's must not come between the tests and their server.
  ::setenv("no_proxy", "127.0.0.1", 1);
  return {.url = shared_qdrant_url(),
          .api_key = shared_qdrant_api_key(),
          .layout = layout,
          .prefix = fmt::format("test_{}_{}_", ::getpid(), ++count),
          .call_timeout = std::chrono::seconds(30),
          .search_timeout = std::chrono::seconds(30)};
}

/// Its agents take their memories with them, as those of the agent registry do.
class ThoroughAgentStore final : public core::agents::AgentStore {
 public:
  using Agent = core::agents::Agent;
  using UserScope = core::identity::UserScope;

  ThoroughAgentStore(core::agents::AgentStore& agents, core::memory::OwnedMemories& memories)
      : agents_(agents), memories_(memories) {}

  base::Task<core::Page<Agent>> list(UserScope scope, core::PageRequest page) override {
    return agents_.list(scope, std::move(page));
  }
  base::Task<std::optional<Agent>> find(UserScope scope, core::agents::AgentRef ref) override {
    return agents_.find(scope, std::move(ref));
  }
  base::Task<base::Result<Agent>> create(UserScope scope, Agent agent) override {
    return agents_.create(scope, std::move(agent));
  }
  base::Task<base::Result<Agent>> replace(UserScope scope, Agent agent, base::Timestamp expected) override {
    return agents_.replace(scope, std::move(agent), expected);
  }
  base::Task<bool> erase(UserScope scope, base::AgentId agent, base::Timestamp now) override {
    const bool erased = co_await agents_.erase(scope, agent, now);
    co_await memories_.drop_agent(scope, agent);
    co_return erased;
  }

 private:
  core::agents::AgentStore& agents_;
  core::memory::OwnedMemories& memories_;
};

class QdrantStores final : public Stores {
 public:
  QdrantStores(const base::Clock& clock, core::events::EventRelay& relay, qdrant::LayoutKind layout)
      : database_({.folder = folder_.path()}, clock, relay, observer_),
        memory_(options(layout), cores_, own_agents_, log_, prune_turns_) {
    cores_.start();
  }
  ~QdrantStores() override {
    for (const auto& owner : run_task(memory_.owners())) {
      run_task(memory_.drop_agent(core::identity::ScopeIssuer::open(owner.user), owner.agent));
    }
    cores_.stop();
  }

  core::identity::UserStore& users() override { return users_; }
  core::agents::AgentStore& agents() override { return agents_; }
  core::chat::SessionStore& sessions() override { return sessions_; }
  core::chat::MessageStore& messages() override { return messages_; }
  core::chat::TaskStore& tasks() override { return tasks_; }
  core::orchestration::OrchestratorStore& orchestrators() override { return orchestrators_; }
  core::orchestration::PlanStore& plans() override { return plans_; }
  core::work::WorkLog& work_log() override { return work_log_; }
  core::approvals::ApprovalStore& approvals() override { return approvals_; }
  core::events::EventLog& log() override { return log_; }
  core::events::OwnStream& own_stream() override { return log_; }
  core::memory::MemoryStore& memory() override { return memory_; }
  core::chat::TaskLeases& leases() override { return leases_; }
  core::chat::MemoryDebts& debts() override { return debts_; }
  void restart() override { throw std::logic_error("only memory is tested over this kind"); }

 private:
  TemporaryFolder folder_;
  sqlite::StoreObserver observer_;
  sqlite::MemoryIndexes indexes_{kIndexBytes};
  sqlite::Database database_;
  base::Cores cores_{1};
  sqlite::SqliteUserStore users_{database_, indexes_};
  sqlite::SqliteAgentStore own_agents_{database_, indexes_};
  sqlite::SqliteSessionStore sessions_{database_};
  sqlite::SqliteMessageStore messages_{database_};
  sqlite::SqliteTaskStore tasks_{database_};
  sqlite::SqliteOrchestratorStore orchestrators_{database_};
  sqlite::SqlitePlanStore plans_{database_};
  sqlite::SqliteWorkLog work_log_{database_};
  sqlite::SqliteApprovalStore approvals_{database_};
  sqlite::SqliteTaskLeases leases_{database_};
  sqlite::SqliteMemoryDebts debts_{database_};
  sqlite::SqliteEventLog log_{database_};
  infra::inprocess::InProcessPruneTurns prune_turns_;
  qdrant::QdrantMemoryStore memory_;
  ThoroughAgentStore agents_{own_agents_, memory_};
};

template <qdrant::LayoutKind layout>
std::unique_ptr<Stores> make_stores(const base::Clock& clock, core::events::EventRelay& relay) {
  return std::make_unique<QdrantStores>(clock, relay, layout);
}

}  // namespace

std::vector<StoreKind> qdrant_kinds() {
  return {{"Qdrant", make_stores<qdrant::LayoutKind::collection>},
          {"QdrantTenant", make_stores<qdrant::LayoutKind::tenant>}};
}

}  // namespace codelab::tests
