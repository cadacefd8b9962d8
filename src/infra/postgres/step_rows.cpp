#include "infra/postgres/step_rows.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "core/chat/direct_call_events.hpp"
#include "infra/postgres/plan_rows.hpp"

namespace codelab::infra::postgres {
namespace {

using core::chat::RunnerId;
using core::chat::Task;
using core::chat::TaskKind;
using core::events::NewEvent;
using core::identity::UserScope;

constexpr Sql kIsRunHere =
    "UPDATE tasks SET stalled = CASE WHEN $5 = 1 THEN 0 ELSE stalled END WHERE user_id = $1 AND id = $2 "
    "AND session_id = $3 AND runner = $4 AND status IN ('queued', 'running')";
constexpr Sql kPutStep =
    "INSERT INTO tasks (user_id, id, session_id, agent_id, agent_name, status, error_code, error_detail, "
    "request_message_id, created_at, started_at, completed_at, runner, kind, parent_id) "
    "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15) ON CONFLICT (user_id, id) DO UPDATE SET "
    "status = excluded.status, error_code = excluded.error_code, error_detail = excluded.error_detail, "
    "started_at = coalesce(excluded.started_at, tasks.started_at), completed_at = excluded.completed_at, "
    "runner = excluded.runner WHERE tasks.status IN ('queued', 'running')";
constexpr Sql kEndSteps =
    "WITH RECURSIVE steps (id) AS (SELECT id FROM tasks WHERE user_id = $1 AND parent_id = $2 UNION ALL "
    "SELECT t.id FROM steps s JOIN tasks t ON t.user_id = $1 AND t.parent_id = s.id) "
    "UPDATE tasks SET status = 'cancelled', error_code = 'cancelled', error_detail = $3, completed_at = $4 "
    "WHERE user_id = $1 AND id IN (SELECT id FROM steps) AND status IN ('queued', 'running') "
    "RETURNING id, agent_name, error_code, error_detail";

void end_steps(Transaction& tx, const UserScope& scope, const Task& task, std::string_view why) {
  tx.add(kEndSteps, scope.user(), task.id, why, task.completed_at);
}

NewEvent read_cancelled(const Rows& rows) {
  Task step;
  core::chat::TaskError error;
  rows.read(step.id, step.agent_name, error.code, error.detail);
  step.error = std::move(error);
  return core::chat::task_cancelled(step);
}

}  // namespace

void is_run_here(Transaction& tx, const RunnerId& runner, const UserScope& scope, const Task& task, Progress progress) {
  const std::int64_t made = progress == Progress::made ? 1 : 0;
  tx.add(kIsRunHere, scope.user(), task.id, task.session_id, runner, made);
}

void put_step(Transaction& tx, const RunnerId& runner, const UserScope& scope, const Task& step) {
  const auto error_code = step.error ? std::optional(step.error->code) : std::nullopt;
  const auto error_detail = step.error ? std::optional(step.error->detail) : std::nullopt;
  tx.add(kPutStep, scope.user(), step.id, step.session_id, step.agent_id, step.agent_name, step.status, error_code,
         error_detail, step.request_message_id, step.created_at, step.started_at, step.completed_at, runner, step.kind,
         step.parent_id);
  if (is_final(step.status)) end_steps(tx, scope, step, kParentHasEnded);
}

void end_with(Transaction& tx, const UserScope& scope, const Task& task, std::string_view why) {
  end_steps(tx, scope, task, why);
  if (task.kind != TaskKind::direct) end_nodes(tx, scope, task, why);
}

bool StepAnswers::read_put(const Task& step) {
  const bool stored = answer_.at(next_++).affected() == 1;
  if (is_final(step.status)) read_ended_steps();
  return stored;
}

void StepAnswers::read_ended_with(const Task& task) {
  read_ended_steps();
  if (task.kind == TaskKind::direct) return;
  Rows plan = std::move(answer_.at(next_++));
  Rows nodes = std::move(answer_.at(next_++));
  if (auto event = read_ended_nodes(std::move(plan), std::move(nodes))) events_.push_back(std::move(*event));
}

void StepAnswers::read_ended_steps() {
  auto steps = all_of(std::move(answer_.at(next_++)), read_cancelled);
  std::ranges::move(steps, std::back_inserter(events_));
}

base::Task<std::optional<std::int64_t>> append_with_ended(Transaction& tx, core::events::StreamId stream, Rows advanced,
                                                          std::vector<NewEvent> ended, std::vector<NewEvent> events) {
  if (ended.empty()) co_return tx.append(std::move(advanced), std::move(events));
  tx.advance(stream, ended.size());
  auto more = co_await tx.run();
  std::ranges::move(events, std::back_inserter(ended));
  co_return tx.append(std::move(more.at(0)), std::move(ended));
}

}  // namespace codelab::infra::postgres
