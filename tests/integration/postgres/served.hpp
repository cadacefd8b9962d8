#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>

#include <fmt/format.h>

#include "infra/postgres/agent_store.hpp"
#include "infra/postgres/database.hpp"
#include "infra/postgres/event_log.hpp"
#include "infra/postgres/message_store.hpp"
#include "infra/postgres/query_error.hpp"
#include "infra/postgres/session_store.hpp"
#include "infra/postgres/task_leases.hpp"
#include "infra/postgres/task_store.hpp"
#include "infra/postgres/user_store.hpp"
#include "tests/contract/run_task.hpp"
#include "tests/contract/store_doubles.hpp"
#include "tests/servers/postgres_server.hpp"

namespace codelab::infra::postgres {

/// Counts the trips to the server by what they were for.
class CountingObserver final : public StoreObserver {
 public:
  void query(std::string_view operation, std::chrono::steady_clock::duration, bool) noexcept override {
    const std::lock_guard lock(mutex_);
    ++trips_[std::string(operation)];
  }
  std::map<std::string, int> take() {
    const std::lock_guard lock(mutex_);
    return std::exchange(trips_, {});
  }

 private:
  std::mutex mutex_;
  std::map<std::string, int> trips_;
};

/// What one process has of a database: cores, connections, stores, and the events that it was told of.
class Served {
 public:
  explicit Served(const DatabaseSettings& settings) {
    cores_.start();
    database_ = std::make_unique<Database>(settings, cores_, clock, relay, observer);
  }
  explicit Served(const tests::PostgresDatabase& data)
      : Served(DatabaseSettings{.address = data.serving(), .migration_address = data.owner(), .connections = 10}) {}

  Database& database() { return *database_; }

  core::identity::UserScope new_user() {
    const auto id = base::UserId::generate();
    PostgresUserStore users(*database_);
    core::identity::UserCredentials user{
        .user = {.id = id, .email = fmt::format("{}@example.org", id.str()), .created_at = clock.now()},
        .password_hash = "hash"};
    tests::run_task(users.create(user, {{.id = base::AgentId::generate(), .name = "coder"}})).value();
    return core::identity::ScopeIssuer::open(id);
  }
  base::AgentId new_agent(const core::identity::UserScope& user) {
    const auto id = base::AgentId::generate();
    PostgresAgentStore agents(*database_);
    return tests::run_task(agents.create(user, {.id = id, .name = id.str()})).value().id;
  }
  core::chat::Session new_session(const core::identity::UserScope& user) {
    PostgresSessionStore sessions(*database_);
    core::chat::Session session{.id = base::SessionId::generate(), .title = "title"};
    session.created_at = session.updated_at = clock.now();
    return tests::run_task(sessions.create(user, session));
  }
  core::chat::NewCall new_call(const core::chat::Session& session) {
    core::chat::NewCall call;
    call.message = {.id = base::MessageId::generate(), .session_id = session.id, .content = "hello"};
    call.task = {.id = base::TaskId::generate(),
                 .session_id = session.id,
                 .agent_id = base::AgentId::generate(),
                 .agent_name = "coder",
                 .request_message_id = call.message.id};
    call.message.created_at = call.task.created_at = clock.now();
    call.events = {{.type = core::events::EventType::message_created, .task = call.task.id}};
    return call;
  }
  core::chat::Task begun(const core::identity::UserScope& user, const core::chat::Session& session) {
    PostgresTaskStore tasks(*database_);
    return tests::run_task(tasks.begin(user, new_call(session))).value().task;
  }

  tests::SteppingClock clock;
  tests::RecordingRelay relay;
  CountingObserver observer;

 private:
  base::Cores cores_{2};
  std::unique_ptr<Database> database_;
};

/// What `task` throws: a SQLSTATE, or "store" for another StoreError; "none" when it throws nothing.
template <class Value>
std::string failure_of(base::Task<Value> task) {
  try {
    static_cast<void>(tests::run_task(std::move(task)));
  } catch (const QueryError& error) {
    return error.sqlstate();
  } catch (const base::StoreError&) {
    return "store";
  }
  return "none";
}

}  // namespace codelab::infra::postgres
