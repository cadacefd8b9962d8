#include "infra/postgres/step_rows.hpp"

namespace codelab::infra::postgres {
namespace {

using core::chat::RunnerId;
using core::chat::Task;
using core::identity::UserScope;

constexpr Sql kProgress =
    "UPDATE tasks SET stalled = 0 WHERE user_id = $1 AND id = $2 AND session_id = $3 AND runner = $4 "
    "AND status IN ('queued', 'running')";
constexpr Sql kPutStep =
    "INSERT INTO tasks (user_id, id, session_id, agent_id, agent_name, status, error_code, error_detail, "
    "request_message_id, created_at, started_at, completed_at, runner, kind, parent_id) "
    "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15) ON CONFLICT (user_id, id) DO UPDATE SET "
    "status = excluded.status, error_code = excluded.error_code, error_detail = excluded.error_detail, "
    "started_at = coalesce(excluded.started_at, tasks.started_at), completed_at = excluded.completed_at, "
    "runner = excluded.runner";
constexpr Sql kEndSteps =
    "WITH RECURSIVE steps (id) AS (SELECT id FROM tasks WHERE user_id = $1 AND parent_id = $2 UNION ALL "
    "SELECT t.id FROM steps s JOIN tasks t ON t.user_id = $1 AND t.parent_id = s.id) "
    "UPDATE tasks SET status = 'cancelled', error_code = 'cancelled', error_detail = $3, completed_at = $4 "
    "WHERE user_id = $1 AND id IN (SELECT id FROM steps) AND status IN ('queued', 'running')";

constexpr Sql kEndNodes =
    "UPDATE plan_nodes SET status = 'cancelled', error_code = 'cancelled', error_detail = $3 WHERE user_id = $1 "
    "AND status IN ('pending', 'running') "
    "AND plan_id IN (SELECT id FROM plans WHERE user_id = $1 AND task_id = $2)";

}  // namespace

void note_progress(Transaction& tx, const RunnerId& runner, const UserScope& scope, const Task& task) {
  tx.add(kProgress, scope.user(), task.id, task.session_id, runner);
}

void put_step(Transaction& tx, const RunnerId& runner, const UserScope& scope, const Task& step) {
  const auto error_code = step.error ? std::optional(step.error->code) : std::nullopt;
  const auto error_detail = step.error ? std::optional(step.error->detail) : std::nullopt;
  tx.add(kPutStep, scope.user(), step.id, step.session_id, step.agent_id, step.agent_name, step.status, error_code,
         error_detail, step.request_message_id, step.created_at, step.started_at, step.completed_at, runner, step.kind,
         step.parent_id);
  if (is_final(step.status)) end_steps(tx, scope, step);
}

void end_steps(Transaction& tx, const UserScope& scope, const Task& task, std::string_view why) {
  tx.add(kEndSteps, scope.user(), task.id, why, task.completed_at);
  if (task.kind == core::chat::TaskKind::plan) tx.add(kEndNodes, scope.user(), task.id, why);
}

}  // namespace codelab::infra::postgres
