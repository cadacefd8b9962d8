#include <algorithm>
#include <deque>
#include <functional>
#include <iterator>
#include <optional>

#include <boost/asio/thread_pool.hpp>

#include "infra/postgres/agent_store.hpp"
#include "infra/postgres/approval_store.hpp"
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
#include "tests/contract/store_kinds.hpp"
#include "tests/servers/pgbouncer.hpp"
#include "tests/servers/postgres_server.hpp"

namespace codelab::tests {
namespace {

namespace postgres = infra::postgres;

/// Fewer connections than the suite has writers at once, so that they have to wait for each other.
constexpr std::size_t kConnections = 10;

constexpr std::size_t kIndexBytes = 1 << 20;

enum class Way : std::uint8_t { direct, through_pgbouncer, spread };

struct Databases {
  explicit Databases(Way way) {
    if (way == Way::spread) other.emplace(PostgresDatabase::Schema::cleared);
  }

  PostgresDatabase main{PostgresDatabase::Schema::cleared};
  /// Users are spread over both, if they are.
  std::optional<PostgresDatabase> other;
};

/// PgBouncer of Debian 12 knows no prepared statements in transaction mode.
postgres::DatabaseSettings settings(const Databases& data, Way way) {
  postgres::DatabaseSettings settings{
      .address = data.main.serving(), .migration_address = data.main.owner(), .connections = kConnections};
  if (data.other) {
    settings.shards.push_back(
        {.name = "b", .address = data.other->serving(), .migration_address = data.other->owner()});
  }
  if (way == Way::through_pgbouncer) {
    settings.address += " host=" + PgBouncer::shared().folder();
    settings.connection.prepared_statements = false;
  }
  return settings;
}

class RunningCores {
 public:
  RunningCores() { cores_.start(); }
  base::Cores& get() { return cores_; }

 private:
  base::Cores cores_{2};
};

/// Those of all shards, as one: a process looks after each on its own.
class AllLeases final : public core::chat::TaskLeases {
 public:
  explicit AllLeases(postgres::Database& database) {
    for (std::size_t shard = 0; shard < database.shards(); ++shard) leases_.emplace_back(database, shard);
  }

  base::Task<> renew(std::chrono::milliseconds lease) override {
    for (auto& each : leases_) co_await each.renew(lease);
  }
  base::Task<std::vector<core::chat::TakenTask>> take_over(core::chat::TakeOverRule rule) override {
    std::vector<core::chat::TakenTask> all;
    const std::int64_t limit = rule.limit;
    for (auto& each : leases_) {
      if (std::ssize(all) == limit) break;
      rule.limit = limit - std::ssize(all);
      auto taken = co_await each.take_over(rule);
      std::ranges::move(taken, std::back_inserter(all));
    }
    co_return all;
  }
  base::Task<> release() override {
    for (auto& each : leases_) co_await each.release();
  }

 private:
  std::deque<postgres::PostgresTaskLeases> leases_;
};

/// The stores as one process has them.
struct Process {
  Process(const postgres::DatabaseSettings& settings, base::Cores& cores, const base::Clock& clock,
          core::events::EventRelay& relay)
      : database(settings, cores, clock, relay, observer) {}

  postgres::StoreObserver observer;
  postgres::Database database;
  postgres::PostgresUserStore users{database};
  postgres::PostgresAgentStore agents{database};
  postgres::PostgresSessionStore sessions{database};
  postgres::PostgresMessageStore messages{database};
  postgres::PostgresTaskStore tasks{database};
  postgres::PostgresOrchestratorStore orchestrators{database};
  postgres::PostgresPlanStore plans{database};
  postgres::PostgresWorkLog work_log{database};
  postgres::PostgresApprovalStore approvals{database};
  AllLeases leases{database};
  postgres::PostgresMemoryDebts debts{database};
  postgres::PostgresEventLog log{database};
  postgres::MemoryIndexes indexes{kIndexBytes};
  boost::asio::thread_pool threads{2};
  postgres::PostgresMemoryStore memory{database, indexes, threads};
};

class PostgresStores final : public Stores {
 public:
  PostgresStores(const base::Clock& clock, core::events::EventRelay& relay, Way way)
      : data_(way),
        start_([this, &clock, &relay, way] { process_.emplace(settings(data_, way), cores_.get(), clock, relay); }) {
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
  Databases data_;
  RunningCores cores_;
  std::optional<Process> process_;
  std::function<void()> start_;
};

template <Way way>
std::unique_ptr<Stores> make_stores(const base::Clock& clock, core::events::EventRelay& relay) {
  return std::make_unique<PostgresStores>(clock, relay, way);
}

}  // namespace

std::vector<StoreKind> postgres_kinds() {
  return {{.name = "Postgres", .make = make_stores<Way::direct>},
          {.name = "PostgresBehindPgBouncer", .make = make_stores<Way::through_pgbouncer>},
          {.name = "PostgresShards", .make = make_stores<Way::spread>}};
}

}  // namespace codelab::tests
