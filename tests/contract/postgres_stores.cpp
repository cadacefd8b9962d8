#include <stdexcept>

#include "infra/postgres/agent_store.hpp"
#include "infra/postgres/event_log.hpp"
#include "infra/postgres/message_store.hpp"
#include "infra/postgres/session_store.hpp"
#include "infra/postgres/task_store.hpp"
#include "infra/postgres/user_store.hpp"
#include "tests/contract/store_kinds.hpp"
#include "tests/servers/pgbouncer.hpp"
#include "tests/servers/postgres_server.hpp"

namespace codelab::tests {
namespace {

namespace postgres = infra::postgres;

/// Fewer connections than the suite has writers at once, so that they have to wait for each other.
constexpr std::size_t kConnections = 8;

enum class Way : std::uint8_t { direct, through_pgbouncer };

/// PgBouncer of Debian 12 knows no prepared statements in transaction mode.
postgres::DatabaseSettings settings(const PostgresDatabase& data, Way way) {
  postgres::DatabaseSettings settings{
      .address = data.serving(), .migration_address = data.owner(), .connections = kConnections};
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

class PostgresStores final : public Stores {
 public:
  PostgresStores(const base::Clock& clock, core::events::EventRelay& relay, Way way)
      : database_(settings(data_, way), cores_.get(), clock, relay, observer_) {}

  core::identity::UserStore& users() override { return users_; }
  core::agents::AgentStore& agents() override { return agents_; }
  core::chat::SessionStore& sessions() override { return sessions_; }
  core::chat::MessageStore& messages() override { return messages_; }
  core::chat::TaskStore& tasks() override { return tasks_; }
  core::events::EventLog& log() override { return log_; }
  core::events::OwnStream& own_stream() override { return log_; }
  core::memory::MemoryStore& memory() override { throw std::logic_error("this kind keeps no memory"); }

 private:
  PostgresDatabase data_;
  postgres::StoreObserver observer_;
  RunningCores cores_;
  postgres::Database database_;
  postgres::PostgresUserStore users_{database_};
  postgres::PostgresAgentStore agents_{database_};
  postgres::PostgresSessionStore sessions_{database_};
  postgres::PostgresMessageStore messages_{database_};
  postgres::PostgresTaskStore tasks_{database_};
  postgres::PostgresEventLog log_{database_};
};

template <Way way>
std::unique_ptr<Stores> make_stores(const base::Clock& clock, core::events::EventRelay& relay) {
  return std::make_unique<PostgresStores>(clock, relay, way);
}

}  // namespace

std::vector<StoreKind> postgres_kinds() {
  return {{.name = "Postgres", .make = make_stores<Way::direct>, .keeps_memory = false},
          {.name = "PostgresBehindPgBouncer", .make = make_stores<Way::through_pgbouncer>, .keeps_memory = false}};
}

}  // namespace codelab::tests
