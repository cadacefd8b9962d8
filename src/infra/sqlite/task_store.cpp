#include "infra/sqlite/task_store.hpp"

#include <cassert>
#include <utility>

#include "infra/sqlite/idempotency.hpp"
#include "infra/sqlite/message_rows.hpp"
#include "infra/sqlite/plan_rows.hpp"
#include "infra/sqlite/step_rows.hpp"
#include "infra/sqlite/task_rows.hpp"

/// The writing half of SqliteTaskStore.
namespace codelab::infra::sqlite {
namespace {

using core::chat::BegunCall;
using core::chat::Message;
using core::chat::NewCall;
using core::chat::RunnerId;
using core::chat::Task;
using core::events::NewEvent;
using core::identity::UserScope;

constexpr Sql kInsertTask =
    "INSERT INTO tasks (user_id, id, session_id, agent_id, agent_name, status, request_message_id, created_at, "
    "started_at, runner, kind) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
constexpr Sql kChangeTask =
    "UPDATE tasks SET status = ?, started_at = coalesce(?, started_at), error_code = ?, error_detail = ?, "
    "message_id = ?, completed_at = ?, memory_due = coalesce(memory_due, ?) "
    "WHERE user_id = ? AND session_id = ? AND id = ? AND runner = ? AND status IN ('queued', 'running')";

constexpr Sql kHandOver =
    "UPDATE tasks SET agent_id = ?, agent_name = ?, kind = ? "
    "WHERE user_id = ? AND session_id = ? AND id = ? AND runner = ? AND status IN ('queued', 'running')";
constexpr Sql kCancelTask =
    "UPDATE tasks SET status = ?1, error_code = ?2, error_detail = ?3, completed_at = ?4 "
    "WHERE user_id = ?5 AND session_id = ?6 AND id = ?7 AND status IN ('queued', 'running')";
/// False when the task has ended, is not this user's or not run by this process.
bool change_task(Connection& sql, const RunnerId& runner, const UserScope& scope, const Task& task,
                 std::optional<base::Timestamp> memory_due = std::nullopt) {
  const auto error_code = task.error ? std::optional<std::string_view>(task.error->code) : std::nullopt;
  const auto error_detail = task.error ? std::optional<std::string_view>(task.error->detail) : std::nullopt;
  return sql.execute(kChangeTask, task.status, task.started_at, error_code, error_detail, task.message_id,
                     task.completed_at, memory_due, scope.user(), task.session_id, task.id, runner) == 1;
}

base::Result<BegunCall> begin_call(Transaction& tx, const RunnerId& runner, const UserScope& scope,
                                   const NewCall& call) {
  Connection& sql = tx.sql();
  const auto& [message, task, idempotency, events] = call;
  if (idempotency) {
    auto earlier = find_earlier_call(sql, scope, *idempotency, task.created_at);
    if (!earlier) return std::move(earlier.error());
    if (*earlier) return std::move(**earlier);
  }
  const auto message_count = tx.append_with_message(scope.user(), task.session_id, message.created_at, events);
  if (!message_count) return base::make_error(base::ErrorCode::session_not_found, "no such session");
  insert_message(sql, scope, message, *message_count);
  sql.execute(kInsertTask, scope.user(), task.id, task.session_id, task.agent_id, task.agent_name, task.status,
              task.request_message_id, task.created_at, task.started_at, runner, task.kind);
  if (idempotency) keep_key(sql, scope, *idempotency, task);
  return BegunCall{.task = task, .message_count = *message_count};
}

bool change_and_tell(Transaction& tx, const RunnerId& runner, const UserScope& scope, const Task& task,
                     const std::vector<NewEvent>& events) {
  if (!change_task(tx.sql(), runner, scope, task)) return false;
  const auto stream = core::events::stream_of(task.session_id);
  if (is_final(task.status)) tx.append(scope.user(), stream, end_steps(tx.sql(), scope, task));
  tx.append(scope.user(), stream, events);
  return true;
}

bool hand_task_over(Transaction& tx, const RunnerId& runner, const UserScope& scope, const Task& task,
                    const std::vector<NewEvent>& events) {
  const auto handed = tx.sql().execute(kHandOver, task.agent_id, task.agent_name, task.kind, scope.user(),
                                       task.session_id, task.id, runner);
  if (handed != 1) return false;
  tx.append(scope.user(), core::events::stream_of(task.session_id), events);
  return true;
}

bool cancel_task(Transaction& tx, const UserScope& scope, const Task& task, const std::vector<NewEvent>& events) {
  Connection& sql = tx.sql();
  const auto& error = task.error.value();
  const auto cancelled = sql.execute(kCancelTask, task.status, error.code, error.detail, task.completed_at,
                                     scope.user(), task.session_id, task.id);
  if (cancelled != 1) return false;
  auto ended = end_steps(sql, scope, task, error.detail);
  if (task.kind == core::chat::TaskKind::step) {
    if (auto node = end_nodes(sql, scope, task, error.detail)) ended.push_back(std::move(*node));
  }
  const auto stream = core::events::stream_of(task.session_id);
  tx.append(scope.user(), stream, ended);
  tx.append(scope.user(), stream, events);
  return true;
}

bool complete_task(Transaction& tx, const RunnerId& runner, const UserScope& scope, const Task& task,
                   const Message& answer, const std::vector<NewEvent>& events,
                   std::optional<base::Timestamp> memory_due) {
  if (!change_task(tx.sql(), runner, scope, task, memory_due)) return false;
  tx.append(scope.user(), core::events::stream_of(task.session_id), end_steps(tx.sql(), scope, task));
  const auto message_count = tx.append_with_message(scope.user(), task.session_id, answer.created_at, events);
  insert_message(tx.sql(), scope, answer, message_count.value());
  return true;
}

}  // namespace

base::Task<base::Result<BegunCall>> SqliteTaskStore::begin(UserScope scope, NewCall call) {
  assert(call.message.session_id == call.task.session_id);
  return database_.writer().run("task.begin", [runner = database_.runner(), scope, call = std::move(call)](
                                                  Transaction& tx) { return begin_call(tx, runner, scope, call); });
}

base::Task<bool> SqliteTaskStore::append(UserScope scope, Task task, std::vector<NewEvent> events) {
  assert(!is_final(task.status));
  return database_.writer().run(
      "task.append", [runner = database_.runner(), scope, task = std::move(task), events = std::move(events)](
                         Transaction& tx) { return change_and_tell(tx, runner, scope, task, events); });
}

base::Task<bool> SqliteTaskStore::hand_over(UserScope scope, Task task, std::vector<NewEvent> events) {
  assert(!is_final(task.status));
  return database_.writer().run(
      "task.hand_over", [runner = database_.runner(), scope, task = std::move(task), events = std::move(events)](
                            Transaction& tx) { return hand_task_over(tx, runner, scope, task, events); });
}

base::Task<bool> SqliteTaskStore::complete(UserScope scope, Task task, Message answer, std::vector<NewEvent> events,
                                           std::optional<base::Timestamp> memory_due) {
  assert(is_final(task.status) && task.message_id == answer.id);
  return database_.writer().run("task.complete",
                                [runner = database_.runner(), scope, task = std::move(task), answer = std::move(answer),
                                 events = std::move(events), memory_due](Transaction& tx) {
                                  return complete_task(tx, runner, scope, task, answer, events, memory_due);
                                });
}

base::Task<bool> SqliteTaskStore::cancel(UserScope scope, Task task, std::vector<NewEvent> events) {
  assert(is_final(task.status) && task.error);
  return database_.writer().run("task.cancel", [scope, task = std::move(task), events = std::move(events)](
                                                   Transaction& tx) { return cancel_task(tx, scope, task, events); });
}

base::Task<bool> SqliteTaskStore::end(UserScope scope, Task task, std::vector<NewEvent> events) {
  assert(is_final(task.status));
  return database_.writer().run(
      "task.end", [runner = database_.runner(), scope, task = std::move(task), events = std::move(events)](
                      Transaction& tx) { return change_and_tell(tx, runner, scope, task, events); });
}

}  // namespace codelab::infra::sqlite
