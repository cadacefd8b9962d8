#include <deque>

#include <fmt/format.h>

#include "app/database_settings.hpp"
#include "app/storage.hpp"
#include "infra/postgres/agent_store.hpp"
#include "infra/postgres/approval_store.hpp"
#include "infra/postgres/database.hpp"
#include "infra/postgres/event_log.hpp"
#include "infra/postgres/memory_debts.hpp"
#include "infra/postgres/memory_store.hpp"
#include "infra/postgres/message_store.hpp"
#include "infra/postgres/orchestrator_store.hpp"
#include "infra/postgres/plan_store.hpp"
#include "infra/postgres/session_store.hpp"
#include "infra/postgres/task_leases.hpp"
#include "infra/postgres/task_store.hpp"
#include "infra/postgres/user_store.hpp"
#include "infra/postgres/work_log.hpp"

namespace codelab::app {
namespace {

class PostgresStorage final : public Storage {
 public:
  PostgresStorage(const config::Settings& settings, const StorageSurroundings& surroundings)
      : indexes_(static_cast<std::size_t>(settings.memory_index_mb) << 20),
        database_(database_settings(settings), surroundings.cores, surroundings.clock, surroundings.relay,
                  surroundings.metrics),
        memories_(database_, indexes_, surroundings.threads) {
    add_index_gauges(surroundings.metrics, indexes_);
    for (std::size_t shard = 0; shard < database_.shards(); ++shard) task_leases_.emplace_back(database_, shard);
  }

  std::string_view name() const override { return "postgresql"; }
  std::vector<Part> parts() const override {
    std::vector<Part> all;
    for (std::size_t shard = 1; shard < database_.shards(); ++shard) {
      const std::string& called = database_.places().names()[shard];
      all.push_back({.name = fmt::format("postgresql/{}", called), .available = database_.available(shard)});
    }
    return all;
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
  std::vector<core::chat::TaskLeases*> task_leases() override {
    std::vector<core::chat::TaskLeases*> all;
    all.reserve(task_leases_.size());
    for (auto& each : task_leases_) all.push_back(&each);
    return all;
  }
  core::chat::MemoryDebts& memory_debts() override { return memory_debts_; }
  core::events::EventLog& event_log() override { return event_log_; }
  core::events::OwnStream& own_stream() override { return event_log_; }
  core::memory::MemoryStore& memories() override { return memories_; }
  void stop() override { database_.close(); }

 private:
  infra::postgres::MemoryIndexes indexes_;
  infra::postgres::Database database_;
  infra::postgres::PostgresUserStore users_{database_};
  infra::postgres::PostgresAgentStore agents_{database_};
  infra::postgres::PostgresSessionStore sessions_{database_};
  infra::postgres::PostgresMessageStore messages_{database_};
  infra::postgres::PostgresTaskStore tasks_{database_};
  infra::postgres::PostgresOrchestratorStore orchestrators_{database_};
  infra::postgres::PostgresPlanStore plans_{database_};
  infra::postgres::PostgresWorkLog work_log_{database_};
  infra::postgres::PostgresApprovalStore approvals_{database_};
  std::deque<infra::postgres::PostgresTaskLeases> task_leases_;
  infra::postgres::PostgresMemoryDebts memory_debts_{database_};
  infra::postgres::PostgresEventLog event_log_{database_};
  infra::postgres::PostgresMemoryStore memories_;
};

}  // namespace

infra::postgres::DatabaseSettings database_settings(const config::Settings& settings) {
  infra::postgres::DatabaseSettings database{
      .address = settings.database_url,
      .migration_address = settings.database_migration_url,
      .connections = static_cast<std::size_t>(settings.database_connections),
      .connection = {.prepared_statements = settings.database_prepared_statements == "on"}};
  for (auto& [name, address, migration_address] : settings.shards()) {
    database.shards.push_back({.name = name, .address = address, .migration_address = migration_address});
  }
  return database;
}

std::unique_ptr<Storage> open_postgres_storage(const config::Settings& settings,
                                               const StorageSurroundings& surroundings) {
  return std::make_unique<PostgresStorage>(settings, surroundings);
}

}  // namespace codelab::app
