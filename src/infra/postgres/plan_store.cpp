#include "infra/postgres/plan_store.hpp"

#include <cassert>

#include "core/orchestration/id_list.hpp"
#include "infra/postgres/plan_rows.hpp"
#include "infra/postgres/step_rows.hpp"

namespace codelab::infra::postgres {
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

/// Locked so that nobody ends it before this is done.
constexpr Sql kUnfinished =
    "UPDATE tasks SET stalled = stalled WHERE user_id = $1 AND id = $2 AND session_id = $3 AND status IN ('queued', "
    "'running')";
constexpr Sql kInsertPlan =
    "INSERT INTO plans (user_id, id, session_id, task_id, goal, prompt_tokens, completion_tokens, cost_usd, "
    "created_at, updated_at, version, estimated_seconds, estimated_tokens, estimated_cost_usd) "
    "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) ON CONFLICT DO NOTHING";
constexpr Sql kAdvancePlan =
    "UPDATE plans SET version = $1, updated_at = $2, begun_at = coalesce(begun_at, $7) "
    "WHERE user_id = $3 AND id = $4 AND task_id = $5 AND version = $6";
constexpr Sql kPutNode =
    "INSERT INTO plan_nodes (user_id, plan_id, id, position, agent, instruction, expected_output, depends_on, status, "
    "task_id, attempt, result, error_code, error_detail, prompt_tokens, completion_tokens, cost_usd) "
    "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17) "
    "ON CONFLICT (user_id, plan_id, id) DO UPDATE SET "
    "position = excluded.position, agent = excluded.agent, instruction = excluded.instruction, "
    "expected_output = excluded.expected_output, depends_on = excluded.depends_on, status = excluded.status, "
    "task_id = excluded.task_id, attempt = excluded.attempt, result = excluded.result, "
    "error_code = excluded.error_code, error_detail = excluded.error_detail, prompt_tokens = excluded.prompt_tokens, "
    "completion_tokens = excluded.completion_tokens, cost_usd = excluded.cost_usd";
constexpr Sql kRemoveNode = "DELETE FROM plan_nodes WHERE user_id = $1 AND plan_id = $2 AND id = $3";
#define CODELAB_PLAN_COLUMNS                                                                                   \
  "SELECT p.id, p.session_id, p.task_id, p.goal, t.status, p.prompt_tokens, p.completion_tokens, p.cost_usd, " \
  "p.created_at, p.updated_at, p.begun_at, p.version, p.estimated_seconds, p.estimated_tokens, "               \
  "p.estimated_cost_usd FROM plans p JOIN tasks t ON t.user_id = p.user_id AND t.id = p.task_id "
constexpr Sql kPlan = CODELAB_PLAN_COLUMNS "WHERE p.user_id = $1 AND p.id = $2";
constexpr Sql kPlanByTask = CODELAB_PLAN_COLUMNS "WHERE p.user_id = $1 AND p.task_id = $2";
constexpr Sql kPastWork =
    "SELECT t.agent_name, avg(t.completed_at - t.started_at)::double precision / 1e6, "
    "avg(coalesce(m.prompt_tokens, n.prompt_tokens))::double precision, "
    "avg(coalesce(m.completion_tokens, n.completion_tokens))::double precision "
    "FROM (SELECT * FROM tasks WHERE user_id = $1 AND status = 'completed' AND kind <> 'plan' "
    "AND started_at IS NOT NULL ORDER BY id DESC LIMIT 200) t "
    "LEFT JOIN messages m ON m.user_id = $1 AND m.session_id = t.session_id AND m.id = t.message_id "
    "LEFT JOIN plan_nodes n ON n.user_id = $1 AND n.task_id = t.id GROUP BY t.agent_name";
#undef CODELAB_PLAN_COLUMNS

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

void put_node(Transaction& tx, const UserScope& scope, const PlanId& plan, std::size_t place, const PlanNode& node) {
  const auto error_code = node.error ? std::optional(node.error->code) : std::nullopt;
  const auto error_detail = node.error ? std::optional(node.error->detail) : std::nullopt;
  const auto prompt_tokens = node.usage ? std::optional(node.usage->prompt_tokens) : std::nullopt;
  const auto completion_tokens = node.usage ? std::optional(node.usage->completion_tokens) : std::nullopt;
  const auto cost_usd = node.usage ? node.usage->cost_usd : std::nullopt;
  tx.add(kPutNode, scope.user(), plan, node.id, static_cast<std::int64_t>(place), node.agent, node.instruction,
         node.expected_output, core::orchestration::to_json(node.depends_on), node.status, node.task_id, node.attempt,
         node.result, error_code, error_detail, prompt_tokens, completion_tokens, cost_usd);
}

base::Task<Changed> create_plan(Transaction& tx, RunnerId runner, UserScope scope, Plan plan,
                                std::vector<NewEvent> events) {
  tx.advance(stream_of(plan.session_id), events.size());
  is_run_here(tx, runner, scope, {.id = plan.task_id, .session_id = plan.session_id}, Progress::made);
  auto answer = co_await tx.run();
  if (answer.at(1).affected() != 1) co_return Changed::gone;
  const auto seconds = plan.estimate ? std::optional(plan.estimate->seconds) : std::nullopt;
  const auto tokens = plan.estimate ? std::optional(plan.estimate->tokens) : std::nullopt;
  const auto cost_usd = plan.estimate ? plan.estimate->cost_usd : std::nullopt;
  tx.add(kInsertPlan, scope.user(), plan.id, plan.session_id, plan.task_id, plan.goal, plan.planning.prompt_tokens,
         plan.planning.completion_tokens, plan.planning.cost_usd, plan.created_at, plan.updated_at, plan.version,
         seconds, tokens, cost_usd);
  auto inserted = co_await tx.run();
  if (inserted.at(0).affected() != 1) co_return Changed::stale;
  for (std::size_t i = 0; i < plan.nodes.size(); ++i) put_node(tx, scope, plan.id, i, plan.nodes[i]);
  tx.append(std::move(answer.at(0)), std::move(events));
  co_await tx.commit();
  co_return Changed::yes;
}

base::Task<Changed> change_plan(Transaction& tx, RunnerId runner, UserScope scope, Task task, PlanChange change,
                                bool by_its_runner) {
  const auto stream = stream_of(task.session_id);
  tx.advance(stream, change.events.size());
  if (by_its_runner) {
    is_run_here(tx, runner, scope, task, finishes_something(change) ? Progress::made : Progress::none);
  } else {
    tx.add(kUnfinished, scope.user(), task.id, task.session_id);
  }
  tx.add(kAdvancePlan, change.version, change.updated_at, scope.user(), change.plan, task.id, change.version - 1,
         change.begun_at);
  for (const Task& step : change.steps) put_step(tx, runner, scope, step);
  auto answer = co_await tx.run();
  if (answer.at(1).affected() != 1) co_return Changed::gone;
  if (answer.at(2).affected() != 1) co_return Changed::stale;
  for (const auto& [place, node] : change.nodes) put_node(tx, scope, change.plan, place, node);
  for (const std::string& id : change.removed) tx.add(kRemoveNode, scope.user(), change.plan, id);
  StepAnswers steps(answer, 3);
  for (const Task& step : change.steps) steps.read_put(step);
  co_await append_with_ended(tx, stream, std::move(answer.at(0)), steps.take_events(), std::move(change.events));
  co_await tx.commit();
  co_return Changed::yes;
}

std::optional<Plan> read_whole(Answer answer) {
  auto plan = first_of(std::move(answer.at(0)), read_plan);
  if (plan) plan->nodes = all_of(std::move(answer.at(1)), read_node);
  return plan;
}

}  // namespace

base::Task<Changed> PostgresPlanStore::create(UserScope scope, Plan plan, std::vector<NewEvent> events) {
  return database_.write("plan.create", scope, create_plan, database_.runner(), scope, std::move(plan),
                         std::move(events));
}

base::Task<Changed> PostgresPlanStore::change(UserScope scope, Task task, PlanChange change) {
  return database_.write("plan.change", scope, change_plan, database_.runner(), scope, std::move(task),
                         std::move(change), true);
}

base::Task<Changed> PostgresPlanStore::edit(UserScope scope, Task task, PlanChange change) {
  assert(change.steps.empty());
  return database_.write("plan.edit", scope, change_plan, database_.runner(), scope, std::move(task), std::move(change),
                         false);
}

base::Task<std::optional<Plan>> PostgresPlanStore::find(UserScope scope, PlanId plan) {
  Batch batch;
  batch.add(kPlan, scope.user(), plan);
  read_nodes_of(batch, scope, plan);
  co_return read_whole(co_await database_.read("plan.find", scope, std::move(batch)));
}

base::Task<std::optional<Plan>> PostgresPlanStore::of_task(UserScope scope, base::TaskId task) {
  Batch batch;
  batch.add(kPlanByTask, scope.user(), task);
  read_nodes_of(batch, scope, task);
  co_return read_whole(co_await database_.read("plan.of_task", scope, std::move(batch)));
}

base::Task<std::vector<PastWork>> PostgresPlanStore::past_work(UserScope scope) {
  Batch batch;
  batch.add(kPastWork, scope.user());
  auto answer = co_await database_.read("plan.past_work", scope, std::move(batch));
  co_return all_of(std::move(answer.at(0)), read_past_work);
}

}  // namespace codelab::infra::postgres
