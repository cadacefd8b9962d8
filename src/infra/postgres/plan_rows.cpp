#include "infra/postgres/plan_rows.hpp"

#include <utility>

#include "core/orchestration/id_list.hpp"
#include "core/orchestration/plan_events.hpp"

namespace codelab::infra::postgres {
namespace {

using core::chat::Task;
using core::chat::TaskKind;
using core::chat::Usage;
using core::events::NewEvent;
using core::identity::UserScope;
using core::orchestration::Plan;
using core::orchestration::PlanId;
using core::orchestration::PlanNode;

#define CODELAB_NODE_COLUMNS                                                                                  \
  "n.id, n.agent, n.instruction, n.expected_output, n.depends_on, n.status, n.task_id, n.attempt, n.result, " \
  "n.error_code, n.error_detail, n.prompt_tokens, n.completion_tokens, n.cost_usd"
constexpr Sql kNodes =
    "SELECT " CODELAB_NODE_COLUMNS " FROM plan_nodes n WHERE n.user_id = $1 AND n.plan_id = $2 ORDER BY n.position";
constexpr Sql kNodesByTask =
    "SELECT " CODELAB_NODE_COLUMNS
    " FROM plan_nodes n JOIN plans p ON p.user_id = n.user_id AND p.id = n.plan_id WHERE p.user_id = $1 "
    "AND p.task_id = $2 ORDER BY n.position";
/// Of the plan of task $2: all that is unfinished, or of that the node whose task is $3.
#define CODELAB_UNFINISHED \
  "n.user_id = $1 AND n.plan_id = p.id AND n.status IN ('pending', 'running') AND ($3 IS NULL OR n.task_id = $3)"
constexpr Sql kAdvancePlan =
    "UPDATE plans p SET version = version + 1, updated_at = $4 WHERE user_id = $1 AND task_id = $2 "
    "AND EXISTS (SELECT FROM plan_nodes n WHERE " CODELAB_UNFINISHED ") RETURNING id, task_id, version";
constexpr Sql kEndNodes =
    "UPDATE plan_nodes n SET status = 'cancelled', error_code = 'cancelled', error_detail = $4 FROM plans p "
    "WHERE p.user_id = $1 AND p.task_id = $2 AND " CODELAB_UNFINISHED " RETURNING " CODELAB_NODE_COLUMNS;
#undef CODELAB_UNFINISHED
#undef CODELAB_NODE_COLUMNS

Plan read_advanced(const Rows& rows) {
  Plan plan;
  rows.read(plan.id, plan.task_id, plan.version);
  return plan;
}

}  // namespace

void read_nodes_of(Batch& batch, const UserScope& scope, const PlanId& plan) { batch.add(kNodes, scope.user(), plan); }

void read_nodes_of(Batch& batch, const UserScope& scope, const base::TaskId& task) {
  batch.add(kNodesByTask, scope.user(), task);
}

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

void end_nodes(Transaction& tx, const UserScope& scope, const Task& task, std::string_view why) {
  const bool whole = task.kind == TaskKind::plan;
  const auto plan_task = whole ? std::optional(task.id) : task.parent_id;
  const auto node_task = whole ? std::nullopt : std::optional(task.id);
  tx.add(kAdvancePlan, scope.user(), plan_task, node_task, task.completed_at);
  tx.add(kEndNodes, scope.user(), plan_task, node_task, why);
}

std::optional<NewEvent> read_ended_nodes(Rows plan, Rows nodes) {
  const auto advanced = first_of(std::move(plan), read_advanced);
  const auto ended = all_of(std::move(nodes), read_node);
  if (!advanced) return std::nullopt;
  return core::orchestration::plan_updated(*advanced, ended);
}

}  // namespace codelab::infra::postgres
