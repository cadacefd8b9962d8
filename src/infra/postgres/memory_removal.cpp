#include "infra/postgres/memory_removal.hpp"

#include "infra/postgres/memory_changes.hpp"

namespace codelab::infra::postgres {
namespace {

using core::identity::UserScope;

constexpr Sql kHoldAgent = "SELECT name FROM user_agents WHERE user_id = $1 AND id = $2 FOR KEY SHARE";
constexpr Sql kHoldCounters =
    "SELECT removals FROM memory_counters WHERE user_id = $1 AND agent_id = $2 FOR NO KEY UPDATE";
constexpr Sql kUncount =
    "UPDATE memory_collections c SET items = c.items - gone.items, interactions = c.interactions - gone.interactions, "
    "text_bytes = c.text_bytes - gone.text_bytes FROM ("
    "SELECT embedding_model, dimension, count(*) AS items, count(*) FILTER (WHERE kind = 'interaction') AS "
    "interactions, sum(text_bytes)::bigint AS text_bytes FROM memories "
    "WHERE user_id = $1 AND agent_id = $2 AND position = ANY($3) GROUP BY embedding_model, dimension) AS gone "
    "WHERE c.user_id = $1 AND c.agent_id = $2 AND c.embedding_model = gone.embedding_model "
    "AND c.dimension = gone.dimension";
constexpr Sql kDeleteMemories = "DELETE FROM memories WHERE user_id = $1 AND agent_id = $2 AND position = ANY($3)";
constexpr Sql kNoteRemovals =
    "INSERT INTO memory_removals (user_id, agent_id, number, position) "
    "SELECT $1, $2, $4 + gone.place, gone.position FROM unnest($3) WITH ORDINALITY AS gone (position, place)";
constexpr Sql kCountRemovals = "UPDATE memory_counters SET removals = $3 WHERE user_id = $1 AND agent_id = $2";
constexpr Sql kForgetRemovals = "DELETE FROM memory_removals WHERE user_id = $1 AND agent_id = $2 AND number <= $3";

}  // namespace

void hold_memories(Transaction& tx, const UserScope& scope, const base::AgentId& agent) {
  tx.add(kHoldAgent, scope.user(), agent).add(kHoldCounters, scope.user(), agent);
}

std::optional<HeldMemories> read_held(Rows agent, Rows counters) {
  if (!agent.next() || !counters.next()) return std::nullopt;
  HeldMemories held;
  agent.read(held.agent_name);
  counters.read(held.removals);
  return held;
}

void remove_memories(Transaction& tx, const UserScope& scope, const base::AgentId& agent, const HeldMemories& held,
                     const std::vector<std::int64_t>& positions) {
  const auto& user = scope.user();
  const std::int64_t removals = held.removals + std::ssize(positions);
  tx.add(kUncount, user, agent, positions)
      .add(kDeleteMemories, user, agent, positions)
      .add(kNoteRemovals, user, agent, positions, held.removals)
      .add(kCountRemovals, user, agent, removals)
      .add(kForgetRemovals, user, agent, removals - kRemovalsKept);
}

}  // namespace codelab::infra::postgres
