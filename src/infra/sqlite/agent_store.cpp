#include "infra/sqlite/agent_store.hpp"

#include <fmt/format.h>

#include "base/describe/encode.hpp"
#include "infra/sqlite/agent_rows.hpp"
#include "infra/sqlite/keyset.hpp"
#include "infra/sqlite/memory_removal.hpp"
#include "infra/sqlite/rows.hpp"

namespace codelab::infra::sqlite {
namespace {

using core::agents::Agent;
using core::agents::AgentRef;
using core::events::EventType;
using core::identity::UserScope;

constexpr Sql kAgentsAfter =
    "SELECT id, name, status, config, created_at, updated_at FROM user_agents "
    "WHERE user_id = ? AND id > ? ORDER BY id LIMIT ?";
constexpr Sql kCountAgents = "SELECT count(*) FROM user_agents WHERE user_id = ?";
constexpr Sql kAgentById =
    "SELECT id, name, status, config, created_at, updated_at FROM user_agents WHERE user_id = ? AND id = ?";
constexpr Sql kAgentByName =
    "SELECT id, name, status, config, created_at, updated_at FROM user_agents WHERE user_id = ? AND name = ?";
constexpr Sql kNameOfAnother = "SELECT 1 FROM user_agents WHERE user_id = ? AND name = ? AND id <> ?";
constexpr Sql kReplaceAgent =
    "UPDATE user_agents SET name = ?, config = ?, updated_at = ? WHERE user_id = ? AND id = ?";
constexpr Sql kDeleteAgent = "DELETE FROM user_agents WHERE user_id = ? AND id = ?";

std::optional<Agent> agent_by_id(Connection& sql, const UserScope& scope, const base::AgentId& id) {
  return first_of(sql.query(kAgentById, scope.user(), id), read_agent);
}

base::Error name_taken(const std::string& name) {
  return base::make_error(base::ErrorCode::name_taken, fmt::format("you have an agent named '{}'", name));
}

base::Result<Agent> replace_agent(Transaction& tx, const UserScope& scope, const Agent& agent,
                                  base::Timestamp expected_updated_at) {
  auto current = agent_by_id(tx.sql(), scope, agent.id);
  if (!current) return base::make_error(base::ErrorCode::agent_not_found, "no such agent");
  if (current->updated_at != expected_updated_at) {
    return base::make_error(base::ErrorCode::state_conflict, "the agent was changed meanwhile");
  }
  if (any_of(tx.sql().query(kNameOfAnother, scope.user(), agent.name, agent.id))) return name_taken(agent.name);
  current->name = agent.name;
  current->config = agent.config;
  current->updated_at = agent.updated_at;
  tx.sql().execute(kReplaceAgent, current->name, base::encode(current->config), current->updated_at, scope.user(),
                   current->id);
  tx.append_own(scope.user(), agent_event(EventType::agent_updated, *current));
  return std::move(*current);
}

bool erase_agent(Transaction& tx, MemoryIndexes& indexes, const UserScope& scope, const base::AgentId& id) {
  const auto agent = agent_by_id(tx.sql(), scope, id);
  if (!agent) return false;
  forget_agent(tx, indexes, scope.user(), id);
  tx.sql().execute(kDeleteAgent, scope.user(), id);
  tx.append_own(scope.user(), agent_event(EventType::agent_deleted, *agent));
  return true;
}

}  // namespace

base::Task<core::Page<Agent>> SqliteAgentStore::list(UserScope scope, core::PageRequest page) {
  return database_.readers().run("agent.list", [=](Connection& sql) {
    const ReadTransaction reading(sql);
    const auto start = position_or(page.cursor, lowest<base::AgentId>());
    auto agents = all_of(sql.query(kAgentsAfter, scope.user(), start, rows_to_ask_for(page.limit)), read_agent);
    const auto total = value_of<std::int64_t>(sql.query(kCountAgents, scope.user()));
    return make_page(std::move(agents), page.limit, total);
  });
}

base::Task<std::optional<Agent>> SqliteAgentStore::find(UserScope scope, AgentRef ref) {
  return database_.readers().run("agent.find", [=](Connection& sql) {
    if (ref.id) return agent_by_id(sql, scope, *ref.id);
    return first_of(sql.query(kAgentByName, scope.user(), ref.name), read_agent);
  });
}

base::Task<base::Result<Agent>> SqliteAgentStore::create(UserScope scope, Agent agent) {
  return database_.writer().run("agent.create", [=](Transaction& tx) -> base::Result<Agent> {
    if (!insert_agent(tx.sql(), scope.user(), agent)) return name_taken(agent.name);
    tx.append_own(scope.user(), agent_event(EventType::agent_created, agent));
    return agent;
  });
}

base::Task<base::Result<Agent>> SqliteAgentStore::replace(UserScope scope, Agent agent,
                                                          base::Timestamp expected_updated_at) {
  return database_.writer().run("agent.replace",
                                [=](Transaction& tx) { return replace_agent(tx, scope, agent, expected_updated_at); });
}

base::Task<bool> SqliteAgentStore::erase(UserScope scope, base::AgentId agent, base::Timestamp) {
  auto& writer = database_.writer();
  auto& indexes = indexes_;
  co_await forget_in_slices(writer, indexes, scope, agent);
  auto erase = [&indexes, scope, agent](Transaction& tx) { return erase_agent(tx, indexes, scope, agent); };
  co_return co_await writer.run("agent.erase", std::move(erase));
}

}  // namespace codelab::infra::sqlite
