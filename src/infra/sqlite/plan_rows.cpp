#include "infra/sqlite/plan_rows.hpp"

#include "core/orchestration/id_list.hpp"
#include "core/orchestration/plan_events.hpp"
#include "infra/sqlite/rows.hpp"

namespace codelab::infra::sqlite {
namespace {

using core::chat::Task;
using core::chat::TaskKind;
using core::chat::Usage;
using core::events::NewEvent;
using core::identity::UserScope;
using core::orchestration::Plan;
using core::orchestration::PlanId;
using core::orchestration::PlanNode;

#define CODELAB_NODE_COLUMNS                                                                                          \
  "id, agent, instruction, expected_output, depends_on, status, task_id, attempt, result, error_code, error_detail, " \
  "prompt_tokens, completion_tokens, cost_usd"
constexpr Sql kNodes =
    "SELECT " CODELAB_NODE_COLUMNS " FROM plan_nodes WHERE user_id = ? AND plan_id = ? ORDER BY position";
/// Of the plan of task ?2: all that is unfinished, or of that the node whose task is ?3.
#define CODELAB_UNFINISHED "status IN ('pending', 'running') AND (?3 IS NULL OR task_id = ?3)"
constexpr Sql kAdvancePlan =
    "UPDATE plans SET version = version + 1, updated_at = ?4 WHERE user_id = ?1 AND task_id = ?2 AND EXISTS "
    "(SELECT 1 FROM plan_nodes n WHERE n.user_id = ?1 AND n.plan_id = plans.id AND n.status IN ('pending', 'running') "
    "AND (?3 IS NULL OR n.task_id = ?3)) RETURNING id, task_id, version";
constexpr Sql kEndNodes =
    "UPDATE plan_nodes SET status = 'cancelled', error_code = 'cancelled', error_detail = ?4 WHERE user_id = ?1 "
    "AND plan_id = ?2 AND " CODELAB_UNFINISHED " RETURNING " CODELAB_NODE_COLUMNS;
#undef CODELAB_UNFINISHED
#undef CODELAB_NODE_COLUMNS

PlanNode read_node(const Rows& rows) {
  PlanNode node;
  std::string depends_on;
  std::optional<std::string> error_code;
  std::optional<std::string> error_detail;
  std::optional<std::int64_t> prompt_tokens;
  std::optional<std::int64_t> completion_tokens;
  std::optional<double> cost_usd;
  rows.read(node.id, node.agent, node.instruction, node.expected_output, depends_on, node.status, node.task_id,
            node.attempt, node.result, error_code, error_detail, prompt_tokens, completion_tokens, cost_usd);
  node.depends_on = core::orchestration::ids_from_json(depends_on);
  if (error_code) node.error = {.code = *error_code, .detail = error_detail.value_or("")};
  if (prompt_tokens) node.usage = Usage{*prompt_tokens, completion_tokens.value_or(0), cost_usd};
  return node;
}

Plan read_advanced(const Rows& rows) {
  Plan plan;
  rows.read(plan.id, plan.task_id, plan.version);
  return plan;
}

}  // namespace

std::vector<PlanNode> nodes_of(Connection& sql, const UserScope& scope, const PlanId& plan) {
  return all_of(sql.query(kNodes, scope.user(), plan), read_node);
}

std::optional<NewEvent> end_nodes(Connection& sql, const UserScope& scope, const Task& task, std::string_view why) {
  const bool whole = task.kind == TaskKind::plan;
  const auto plan_task = whole ? std::optional(task.id) : task.parent_id;
  const auto node_task = whole ? std::nullopt : std::optional(task.id);
  if (!plan_task) return std::nullopt;
  const auto plan =
      first_of(sql.query(kAdvancePlan, scope.user(), *plan_task, node_task, task.completed_at), read_advanced);
  if (!plan) return std::nullopt;
  const auto nodes = all_of(sql.query(kEndNodes, scope.user(), plan->id, node_task, why), read_node);
  return core::orchestration::plan_updated(*plan, nodes);
}

}  // namespace codelab::infra::sqlite
