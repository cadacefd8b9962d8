#include "infra/postgres/agent_store.hpp"

#include <fmt/format.h>

#include "base/describe/encode.hpp"
#include "base/store_error.hpp"
#include "infra/postgres/agent_rows.hpp"
#include "infra/postgres/keyset.hpp"

namespace codelab::infra::postgres {
namespace {

using core::agents::Agent;
using core::agents::AgentRef;
using core::events::EventType;
using core::events::own_stream;
using core::identity::UserScope;

constexpr Sql kAgentsAfter =
    "SELECT id, name, status, config, created_at, updated_at FROM user_agents "
    "WHERE user_id = $1 AND id > $2 ORDER BY id LIMIT $3";
constexpr Sql kCountAgents = "SELECT count(*) FROM user_agents WHERE user_id = $1";
constexpr Sql kAgentById =
    "SELECT id, name, status, config, created_at, updated_at FROM user_agents WHERE user_id = $1 AND id = $2";
constexpr Sql kAgentByName =
    "SELECT id, name, status, config, created_at, updated_at FROM user_agents WHERE user_id = $1 AND name = $2";
constexpr Sql kNameOfAnother = "SELECT 1::bigint FROM user_agents WHERE user_id = $1 AND name = $2 AND id <> $3";
constexpr Sql kReplaceAgent =
    "UPDATE user_agents SET name = $1, config = $2::json, updated_at = $3 WHERE user_id = $4 AND id = $5";
constexpr Sql kDeleteAgent = "DELETE FROM user_agents WHERE user_id = $1 AND id = $2";

base::Error name_taken(const std::string& name) {
  return base::make_error(base::ErrorCode::name_taken, fmt::format("you have an agent named '{}'", name));
}

std::vector<core::events::NewEvent> told(EventType type, const Agent& agent) {
  std::vector<core::events::NewEvent> events;
  events.push_back(agent_event(type, agent));
  return events;
}

base::Task<base::Result<Agent>> create_agent(Transaction& tx, UserScope scope, Agent agent) {
  tx.advance(own_stream(scope.user()), 1);
  insert_agent(tx, scope.user(), agent);
  auto answer = co_await tx.run();
  if (answer.at(1).affected() == 0) co_return name_taken(agent.name);
  if (!tx.append(std::move(answer.at(0)), told(EventType::agent_created, agent))) {
    throw base::StoreError("postgres: the user has no stream");
  }
  co_await tx.commit();
  co_return agent;
}

/// What `agent` becomes of `current`, or why not.
base::Result<Agent> replaced(std::optional<Agent> current, const Agent& agent, base::Timestamp expected_updated_at,
                             bool name_is_taken) {
  if (!current) return base::make_error(base::ErrorCode::agent_not_found, "no such agent");
  if (current->updated_at != expected_updated_at) {
    return base::make_error(base::ErrorCode::state_conflict, "the agent was changed meanwhile");
  }
  if (name_is_taken) return name_taken(agent.name);
  current->name = agent.name;
  current->config = agent.config;
  current->updated_at = agent.updated_at;
  return std::move(*current);
}

base::Task<base::Result<Agent>> replace_agent(Transaction& tx, UserScope scope, Agent agent,
                                              base::Timestamp expected_updated_at) {
  tx.advance(own_stream(scope.user()), 1);
  tx.add(kAgentById, scope.user(), agent.id).add(kNameOfAnother, scope.user(), agent.name, agent.id);
  auto answer = co_await tx.run();
  auto current = first_of(std::move(answer.at(1)), read_agent);
  auto result = replaced(std::move(current), agent, expected_updated_at, answer.at(2).next());
  if (!result) co_return result;
  tx.add(kReplaceAgent, result->name, base::encode(result->config), result->updated_at, scope.user(), result->id);
  tx.append(std::move(answer.at(0)), told(EventType::agent_updated, *result));
  co_await tx.commit();
  co_return result;
}

base::Task<bool> erase_agent(Transaction& tx, UserScope scope, base::AgentId id) {
  tx.advance(own_stream(scope.user()), 1).add(kAgentById, scope.user(), id).add(kDeleteAgent, scope.user(), id);
  auto answer = co_await tx.run();
  const auto agent = first_of(std::move(answer.at(1)), read_agent);
  if (!agent) co_return false;
  tx.append(std::move(answer.at(0)), told(EventType::agent_deleted, *agent));
  co_await tx.commit();
  co_return true;
}

}  // namespace

base::Task<core::Page<Agent>> PostgresAgentStore::list(UserScope scope, core::PageRequest page) {
  const auto start = position_or(page.cursor, lowest<base::AgentId>());
  Batch batch;
  batch.add(kAgentsAfter, scope.user(), start, rows_to_ask_for(page.limit)).add(kCountAgents, scope.user());
  auto answer = co_await database_.read("agent.list", scope, std::move(batch));
  auto agents = all_of(std::move(answer.at(0)), read_agent);
  co_return make_page(std::move(agents), page.limit, value_of<std::int64_t>(std::move(answer.at(1))));
}

base::Task<std::optional<Agent>> PostgresAgentStore::find(UserScope scope, AgentRef ref) {
  Batch batch;
  if (ref.id) {
    batch.add(kAgentById, scope.user(), *ref.id);
  } else {
    batch.add(kAgentByName, scope.user(), ref.name);
  }
  auto answer = co_await database_.read("agent.find", scope, std::move(batch));
  co_return first_of(std::move(answer.at(0)), read_agent);
}

base::Task<base::Result<Agent>> PostgresAgentStore::create(UserScope scope, Agent agent) {
  return database_.write("agent.create", scope, create_agent, scope, std::move(agent));
}

base::Task<base::Result<Agent>> PostgresAgentStore::replace(UserScope scope, Agent agent,
                                                            base::Timestamp expected_updated_at) {
  return database_.write("agent.replace", scope, replace_agent, scope, std::move(agent), expected_updated_at);
}

base::Task<bool> PostgresAgentStore::erase(UserScope scope, base::AgentId agent, base::Timestamp) {
  return database_.erase("agent.erase", scope, erase_agent, scope, agent);
}

}  // namespace codelab::infra::postgres
