#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/thread_pool.hpp>

#include "app/metrics.hpp"
#include "base/cores.hpp"
#include "config/settings.hpp"
#include "core/agents/ports.hpp"
#include "core/approvals/approval_store.hpp"
#include "core/chat/memory_debts.hpp"
#include "core/chat/ports.hpp"
#include "core/chat/task_leases.hpp"
#include "core/events/ports.hpp"
#include "core/identity/ports.hpp"
#include "core/memory/ports.hpp"
#include "core/orchestration/orchestrator_store.hpp"
#include "core/orchestration/plan_store.hpp"
#include "core/work/work_log.hpp"

namespace codelab::app {

/// The stores of one scale with what is behind them. The stores are thread-safe and live as long as this.
class Storage {
 public:
  virtual ~Storage() = default;
  /// As operators know it: "sqlite", "postgresql".
  virtual std::string_view name() const = 0;
  /// The databases beside the first that some of the users live in, and whether each did lately what it was asked.
  struct Part {
    std::string name;
    bool available = true;
  };
  virtual std::vector<Part> parts() const { return {}; }
  virtual core::identity::UserStore& users() = 0;
  virtual core::agents::AgentStore& agents() = 0;
  virtual core::chat::SessionStore& sessions() = 0;
  virtual core::chat::MessageStore& messages() = 0;
  virtual core::chat::TaskStore& tasks() = 0;
  virtual core::orchestration::OrchestratorStore& orchestrators() = 0;
  virtual core::orchestration::PlanStore& plans() = 0;
  virtual core::work::WorkLog& work_log() = 0;
  virtual core::approvals::ApprovalStore& approvals() = 0;
  /// One for each database that tasks are kept in: each is kept on its own.
  virtual std::vector<core::chat::TaskLeases*> task_leases() = 0;
  virtual core::chat::MemoryDebts& memory_debts() = 0;
  virtual core::events::EventLog& event_log() = 0;
  virtual core::events::OwnStream& own_stream() = 0;
  virtual core::memory::MemoryStore& memories() = 0;
  /// Ends its work on the cores, which still run. Afterwards every call of a store fails.
  virtual void stop() = 0;
};

/// What stores need of the process that they serve; all of it outlives them.
struct StorageSurroundings {
  base::Cores& cores;
  const base::Clock& clock;
  core::events::EventRelay& relay;
  /// For what takes longer than an event loop may wait.
  boost::asio::thread_pool& threads;
  Metrics& metrics;
};

/// PostgreSQL where settings name one, else SQLite in the data folder. Migrates. Throws std::runtime_error with words
/// for an operator.
std::unique_ptr<Storage> open_storage(const config::Settings& settings, const StorageSurroundings& surroundings);

/// Of the search indexes that `indexes` holds; they outlive the metrics' last text.
template <class Indexes>
void add_index_gauges(Metrics& metrics, const Indexes& indexes) {
  metrics.add_gauge("codelab_memory_index_bytes", "Search indexes of agents' memories held in memory",
                    [&indexes] { return static_cast<double>(indexes.bytes()); });
  metrics.add_gauge("codelab_memory_index_collections", "How many such indexes",
                    [&indexes] { return static_cast<double>(indexes.size()); });
}

std::unique_ptr<Storage> open_sqlite_storage(const config::Settings& settings, const StorageSurroundings& surroundings);
std::unique_ptr<Storage> open_postgres_storage(const config::Settings& settings,
                                               const StorageSurroundings& surroundings);

}  // namespace codelab::app
