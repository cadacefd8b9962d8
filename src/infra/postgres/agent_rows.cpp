#include "infra/postgres/agent_rows.hpp"

#include <fmt/format.h>

#include "base/describe/decode.hpp"
#include "base/describe/encode.hpp"
#include "base/store_error.hpp"

namespace codelab::infra::postgres {
namespace {

using core::agents::Agent;
using core::agents::AgentConfig;

constexpr Sql kInsertAgent =
    "INSERT INTO user_agents (user_id, id, name, status, config, created_at, updated_at) "
    "VALUES ($1, $2, $3, $4, $5::json, $6, $7) ON CONFLICT (user_id, name) DO NOTHING";

/// A config that an older version wrote lacks newer fields: they get their defaults.
AgentConfig decode_config(const boost::json::object& stored) {
  auto config = base::decode<AgentConfig>(stored);
  if (config) return std::move(*config);
  throw base::StoreError(fmt::format("postgres: a stored agent's config is not valid: {}", config.error().detail));
}

}  // namespace

void insert_agent(Transaction& tx, const base::UserId& user, const Agent& agent) {
  tx.add(kInsertAgent, user, agent.id, agent.name, agent.status, base::encode(agent.config), agent.created_at,
         agent.updated_at);
}

Agent read_agent(const Rows& rows) {
  Agent agent;
  boost::json::object config;
  rows.read(agent.id, agent.name, agent.status, config, agent.created_at, agent.updated_at);
  agent.config = decode_config(config);
  return agent;
}

core::events::NewEvent agent_event(core::events::EventType type, const Agent& agent) {
  return {.type = type, .agent = agent.name, .payload = fmt::format(R"({{"agent":{}}})", base::encode(agent))};
}

}  // namespace codelab::infra::postgres
