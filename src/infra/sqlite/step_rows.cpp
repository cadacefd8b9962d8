#include "infra/sqlite/step_rows.hpp"

#include <utility>

#include "core/chat/direct_call_events.hpp"
#include "infra/sqlite/plan_rows.hpp"
#include "infra/sqlite/rows.hpp"

namespace codelab::infra::sqlite {
namespace {

using core::chat::RunnerId;
using core::chat::Task;
using core::events::NewEvent;
using core::identity::UserScope;

constexpr Sql kIsRunHere =
    "UPDATE tasks SET stalled = CASE WHEN ?5 THEN 0 ELSE stalled END WHERE user_id = ?1 AND id = ?2 "
    "AND session_id = ?3 AND runner = ?4 AND status IN ('queued', 'running')";
constexpr Sql kPutStep =
    "INSERT INTO tasks (user_id, id, session_id, agent_id, agent_name, status, error_code, error_detail, "
    "request_message_id, created_at, started_at, completed_at, runner, kind, parent_id) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (user_id, id) DO UPDATE SET "
    "status = excluded.status, error_code = excluded.error_code, error_detail = excluded.error_detail, "
    "started_at = coalesce(excluded.started_at, started_at), completed_at = excluded.completed_at, "
    "runner = excluded.runner WHERE tasks.status IN ('queued', 'running')";
constexpr Sql kEndSteps =
    "WITH RECURSIVE steps (id) AS (SELECT id FROM tasks WHERE user_id = ?1 AND parent_id = ?2 UNION ALL "
    "SELECT t.id FROM steps s JOIN tasks t ON t.user_id = ?1 AND t.parent_id = s.id) "
    "UPDATE tasks SET status = 'cancelled', error_code = 'cancelled', error_detail = ?3, completed_at = ?4 "
    "WHERE user_id = ?1 AND id IN (SELECT id FROM steps) AND status IN ('queued', 'running') "
    "RETURNING id, agent_name, error_code, error_detail";

NewEvent read_cancelled(const Rows& rows) {
  Task step;
  core::chat::TaskError error;
  rows.read(step.id, step.agent_name, error.code, error.detail);
  step.error = std::move(error);
  return core::chat::task_cancelled(step);
}

}  // namespace

bool is_run_here(Connection& sql, const RunnerId& runner, const UserScope& scope, const Task& task, Progress progress) {
  const std::int64_t made = progress == Progress::made ? 1 : 0;
  return sql.execute(kIsRunHere, scope.user(), task.id, task.session_id, runner, made) == 1;
}

StoredStep put_step(Connection& sql, const RunnerId& runner, const UserScope& scope, const Task& step) {
  const auto error_code = step.error ? std::optional<std::string_view>(step.error->code) : std::nullopt;
  const auto error_detail = step.error ? std::optional<std::string_view>(step.error->detail) : std::nullopt;
  const auto written = sql.execute(kPutStep, scope.user(), step.id, step.session_id, step.agent_id, step.agent_name,
                                   step.status, error_code, error_detail, step.request_message_id, step.created_at,
                                   step.started_at, step.completed_at, runner, step.kind, step.parent_id);
  StoredStep put{.stored = written == 1, .events = {}};
  if (put.stored && is_final(step.status)) put.events = end_steps(sql, scope, step);
  return put;
}

std::vector<NewEvent> end_steps(Connection& sql, const UserScope& scope, const Task& task, std::string_view why) {
  auto events = all_of(sql.query(kEndSteps, scope.user(), task.id, why, task.completed_at), read_cancelled);
  if (task.kind != core::chat::TaskKind::plan) return events;
  if (auto ended = end_nodes(sql, scope, task, why)) events.push_back(std::move(*ended));
  return events;
}

}  // namespace codelab::infra::sqlite
