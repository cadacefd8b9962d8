#include "infra/sqlite/plan_store.hpp"

#include <algorithm>
#include <cassert>

#include "core/orchestration/id_list.hpp"
#include "infra/sqlite/plan_rows.hpp"
#include "infra/sqlite/rows.hpp"
#include "infra/sqlite/step_rows.hpp"

namespace codelab::infra::sqlite {
namespace {

using core::chat::RunnerId;
using core::chat::Task;
using core::events::NewEvent;
using core::events::stream_of;
using core::identity::UserScope;
using core::orchestration::Changed;
using core::orchestration::PastWork;
using core::orchestration::Plan;
using core::orchestration::PlanChange;
using core::orchestration::PlanId;
using core::orchestration::PlanNode;

constexpr Sql kUnfinished =
    "SELECT 1 FROM tasks WHERE user_id = ? AND id = ? AND session_id = ? AND status IN ('queued', 'running')";
constexpr Sql kPlanOfTask = "SELECT id FROM plans WHERE user_id = ? AND task_id = ?";
constexpr Sql kInsertPlan =
    "INSERT INTO plans (user_id, id, session_id, task_id, goal, prompt_tokens, completion_tokens, cost_usd, "
    "created_at, updated_at, version, estimated_seconds, estimated_tokens, estimated_cost_usd) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
constexpr Sql kAdvancePlan =
    "UPDATE plans SET version = ?, updated_at = ?, begun_at = coalesce(begun_at, ?) WHERE user_id = ? AND id = ? AND "
    "task_id = ? AND version = ?";
constexpr Sql kPutNode =
    "INSERT INTO plan_nodes (user_id, plan_id, id, position, agent, instruction, expected_output, depends_on, status, "
    "task_id, attempt, result, error_code, error_detail, prompt_tokens, completion_tokens, cost_usd) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (user_id, plan_id, id) DO UPDATE SET "
    "position = excluded.position, agent = excluded.agent, instruction = excluded.instruction, "
    "expected_output = excluded.expected_output, depends_on = excluded.depends_on, status = excluded.status, "
    "task_id = excluded.task_id, attempt = excluded.attempt, result = excluded.result, "
    "error_code = excluded.error_code, error_detail = excluded.error_detail, prompt_tokens = excluded.prompt_tokens, "
    "completion_tokens = excluded.completion_tokens, cost_usd = excluded.cost_usd";
constexpr Sql kRemoveNode = "DELETE FROM plan_nodes WHERE user_id = ? AND plan_id = ? AND id = ?";
#define CODELAB_PLAN_COLUMNS                                                                                   \
  "SELECT p.id, p.session_id, p.task_id, p.goal, t.status, p.prompt_tokens, p.completion_tokens, p.cost_usd, " \
  "p.created_at, p.updated_at, p.begun_at, p.version, p.estimated_seconds, p.estimated_tokens, "               \
  "p.estimated_cost_usd FROM plans p "                                                                         \
  "JOIN tasks t ON t.user_id = p.user_id AND t.id = p.task_id "
constexpr Sql kPlan = CODELAB_PLAN_COLUMNS "WHERE p.user_id = ? AND p.id = ?";
constexpr Sql kPlanByTask = CODELAB_PLAN_COLUMNS "WHERE p.user_id = ? AND p.task_id = ?";
#undef CODELAB_PLAN_COLUMNS
constexpr Sql kPastWork =
    "SELECT t.agent_name, avg(t.completed_at - t.started_at) / 1e6, "
    "avg(coalesce(m.prompt_tokens, n.prompt_tokens)), avg(coalesce(m.completion_tokens, n.completion_tokens)) "
    "FROM (SELECT * FROM tasks WHERE user_id = ?1 AND status = 'completed' AND kind <> 'plan' "
    "AND started_at IS NOT NULL ORDER BY id DESC LIMIT 200) t "
    "LEFT JOIN messages m ON m.user_id = ?1 AND m.session_id = t.session_id AND m.id = t.message_id "
    "LEFT JOIN plan_nodes n ON n.user_id = ?1 AND n.task_id = t.id GROUP BY t.agent_name";
Plan read_plan(const Rows& rows) {
  Plan plan;
  std::optional<double> seconds;
  std::optional<std::int64_t> tokens;
  std::optional<double> cost_usd;
  rows.read(plan.id, plan.session_id, plan.task_id, plan.goal, plan.status, plan.planning.prompt_tokens,
            plan.planning.completion_tokens, plan.planning.cost_usd, plan.created_at, plan.updated_at, plan.begun_at,
            plan.version, seconds, tokens, cost_usd);
  if (seconds) plan.estimate = {.seconds = *seconds, .tokens = tokens.value_or(0), .cost_usd = cost_usd};
  return plan;
}

PastWork read_past_work(const Rows& rows) {
  PastWork work;
  rows.read(work.agent, work.seconds, work.prompt_tokens, work.completion_tokens);
  return work;
}

std::optional<Plan> whole(Connection& sql, const UserScope& scope, std::optional<Plan> plan) {
  if (plan) plan->nodes = nodes_of(sql, scope, plan->id);
  return plan;
}

void put_node(Connection& sql, const UserScope& scope, const PlanId& plan, std::size_t place, const PlanNode& node) {
  const auto error_code = node.error ? std::optional<std::string_view>(node.error->code) : std::nullopt;
  const auto error_detail = node.error ? std::optional<std::string_view>(node.error->detail) : std::nullopt;
  const auto prompt_tokens = node.usage ? std::optional(node.usage->prompt_tokens) : std::nullopt;
  const auto completion_tokens = node.usage ? std::optional(node.usage->completion_tokens) : std::nullopt;
  const auto cost_usd = node.usage ? node.usage->cost_usd : std::nullopt;
  sql.execute(kPutNode, scope.user(), plan, node.id, static_cast<std::int64_t>(place), node.agent, node.instruction,
              node.expected_output, core::orchestration::to_json(node.depends_on), node.status, node.task_id,
              node.attempt, node.result, error_code, error_detail, prompt_tokens, completion_tokens, cost_usd);
}

Changed create_plan(Transaction& tx, const RunnerId& runner, const UserScope& scope, const Plan& plan,
                    const std::vector<NewEvent>& events) {
  Connection& sql = tx.sql();
  const Task task{.id = plan.task_id, .session_id = plan.session_id};
  if (!is_run_here(sql, runner, scope, task, Progress::made)) return Changed::gone;
  if (any_of(sql.query(kPlanOfTask, scope.user(), plan.task_id))) return Changed::stale;
  const auto seconds = plan.estimate ? std::optional(plan.estimate->seconds) : std::nullopt;
  const auto tokens = plan.estimate ? std::optional(plan.estimate->tokens) : std::nullopt;
  const auto cost_usd = plan.estimate ? plan.estimate->cost_usd : std::nullopt;
  sql.execute(kInsertPlan, scope.user(), plan.id, plan.session_id, plan.task_id, plan.goal, plan.planning.prompt_tokens,
              plan.planning.completion_tokens, plan.planning.cost_usd, plan.created_at, plan.updated_at, plan.version,
              seconds, tokens, cost_usd);
  for (std::size_t i = 0; i < plan.nodes.size(); ++i) put_node(sql, scope, plan.id, i, plan.nodes[i]);
  tx.append(scope.user(), stream_of(plan.session_id), events);
  return Changed::yes;
}

Changed change_plan(Transaction& tx, const RunnerId& runner, const UserScope& scope, const Task& task,
                    const PlanChange& change) {
  Connection& sql = tx.sql();
  if (sql.execute(kAdvancePlan, change.version, change.updated_at, change.begun_at, scope.user(), change.plan, task.id,
                  change.version - 1) != 1) {
    return Changed::stale;
  }
  for (const auto& [place, node] : change.nodes) put_node(sql, scope, change.plan, place, node);
  for (const std::string& id : change.removed) sql.execute(kRemoveNode, scope.user(), change.plan, id);
  const auto stream = stream_of(task.session_id);
  for (const Task& step : change.steps) tx.append(scope.user(), stream, put_step(sql, runner, scope, step).events);
  tx.append(scope.user(), stream, change.events);
  return Changed::yes;
}

}  // namespace

base::Task<Changed> SqlitePlanStore::create(UserScope scope, Plan plan, std::vector<NewEvent> events) {
  return database_.writer().run(
      "plan.create", [runner = database_.runner(), scope, plan = std::move(plan), events = std::move(events)](
                         Transaction& tx) { return create_plan(tx, runner, scope, plan, events); });
}

base::Task<Changed> SqlitePlanStore::change(UserScope scope, Task task, PlanChange change) {
  return database_.writer().run("plan.change", [runner = database_.runner(), scope, task = std::move(task),
                                                change = std::move(change)](Transaction& tx) {
    const auto progress = finishes_something(change) ? Progress::made : Progress::none;
    const bool here = is_run_here(tx.sql(), runner, scope, task, progress);
    return here ? change_plan(tx, runner, scope, task, change) : Changed::gone;
  });
}

base::Task<Changed> SqlitePlanStore::edit(UserScope scope, Task task, PlanChange change) {
  assert(change.steps.empty());
  return database_.writer().run("plan.edit", [runner = database_.runner(), scope, task = std::move(task),
                                              change = std::move(change)](Transaction& tx) {
    const bool unfinished = any_of(tx.sql().query(kUnfinished, scope.user(), task.id, task.session_id));
    return unfinished ? change_plan(tx, runner, scope, task, change) : Changed::gone;
  });
}

base::Task<std::optional<Plan>> SqlitePlanStore::find(UserScope scope, PlanId plan) {
  return database_.readers().run("plan.find", [=](Connection& sql) {
    const ReadTransaction reading(sql);
    return whole(sql, scope, first_of(sql.query(kPlan, scope.user(), plan), read_plan));
  });
}

base::Task<std::optional<Plan>> SqlitePlanStore::of_task(UserScope scope, base::TaskId task) {
  return database_.readers().run("plan.of_task", [=](Connection& sql) {
    const ReadTransaction reading(sql);
    return whole(sql, scope, first_of(sql.query(kPlanByTask, scope.user(), task), read_plan));
  });
}

base::Task<std::vector<PastWork>> SqlitePlanStore::past_work(UserScope scope) {
  return database_.readers().run(
      "plan.past_work", [=](Connection& sql) { return all_of(sql.query(kPastWork, scope.user()), read_past_work); });
}

}  // namespace codelab::infra::sqlite
