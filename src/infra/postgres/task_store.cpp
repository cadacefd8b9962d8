#include "infra/postgres/task_store.hpp"

#include <cassert>

#include "infra/postgres/idempotency.hpp"
#include "infra/postgres/message_rows.hpp"
#include "infra/postgres/step_rows.hpp"

/// The writing half of PostgresTaskStore. Each transaction takes the lock of the session's stream before it touches
/// anything else of the session.
namespace codelab::infra::postgres {
namespace {

using core::chat::BegunCall;
using core::chat::Message;
using core::chat::NewCall;
using core::chat::RunnerId;
using core::chat::Task;
using core::events::NewEvent;
using core::events::stream_of;
using core::identity::UserScope;

constexpr Sql kInsertTask =
    "INSERT INTO tasks (user_id, id, session_id, agent_id, agent_name, status, request_message_id, created_at, "
    "started_at, runner, kind) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
constexpr Sql kChangeTask =
    "UPDATE tasks SET status = $1, started_at = coalesce($2, started_at), error_code = $3, error_detail = $4, "
    "message_id = $5, completed_at = $6, memory_due = coalesce(memory_due, $11) "
    "WHERE user_id = $7 AND session_id = $8 AND id = $9 AND runner = $10 AND status IN ('queued', 'running')";

constexpr Sql kHandOver =
    "UPDATE tasks SET agent_id = $1, agent_name = $2, kind = $3 "
    "WHERE user_id = $4 AND session_id = $5 AND id = $6 AND runner = $7 AND status IN ('queued', 'running')";
constexpr Sql kCancelTask =
    "UPDATE tasks SET status = $1, error_code = $2, error_detail = $3, completed_at = $4 "
    "WHERE user_id = $5 AND session_id = $6 AND id = $7 AND status IN ('queued', 'running')";
/// Queues the change; it touches no row when the task has ended, is not this user's or not run by this process.
void change_task(Transaction& tx, const RunnerId& runner, const UserScope& scope, const Task& task,
                 std::optional<base::Timestamp> memory_due = std::nullopt) {
  const auto error_code = task.error ? std::optional(task.error->code) : std::nullopt;
  const auto error_detail = task.error ? std::optional(task.error->detail) : std::nullopt;
  tx.add(kChangeTask, task.status, task.started_at, error_code, error_detail, task.message_id, task.completed_at,
         scope.user(), task.session_id, task.id, runner, memory_due);
}

void insert_task(Transaction& tx, const RunnerId& runner, const UserScope& scope, const Task& task) {
  tx.add(kInsertTask, scope.user(), task.id, task.session_id, task.agent_id, task.agent_name, task.status,
         task.request_message_id, task.created_at, task.started_at, runner, task.kind);
}

/// The call that `key` made before; then nothing is written. Holds the key until the transaction ends.
base::Task<base::Result<std::optional<BegunCall>>> earlier_call(Transaction& tx, UserScope scope,
                                                                core::chat::IdempotencyKey key, base::Timestamp now) {
  lock_key(tx, scope, key);
  Batch look_up;
  find_earlier_call(look_up, scope, key, now);
  tx.add(std::move(look_up));
  auto answer = co_await tx.run();
  co_return read_earlier_call(std::move(answer.at(1)), key);
}

base::Task<base::Result<BegunCall>> begin_call(Transaction& tx, RunnerId runner, UserScope scope, NewCall call) {
  const Task& task = call.task;
  if (call.idempotency) {
    auto earlier = co_await earlier_call(tx, scope, *call.idempotency, task.created_at);
    if (!earlier) co_return std::move(earlier.error());
    if (*earlier) co_return std::move(**earlier);
  }
  tx.advance_with_message(task.session_id, call.message.created_at, call.events.size());
  auto answer = co_await tx.run();
  const auto message_count = tx.append(std::move(answer.at(0)), std::move(call.events));
  if (!message_count) co_return base::make_error(base::ErrorCode::session_not_found, "no such session");
  insert_message(tx, scope, call.message, *message_count);
  insert_task(tx, runner, scope, task);
  if (call.idempotency) keep_key(tx, scope, *call.idempotency, task);
  co_await tx.commit();
  co_return BegunCall{.task = task, .message_count = *message_count};
}

base::Task<bool> change_and_tell(Transaction& tx, RunnerId runner, UserScope scope, Task task,
                                 std::vector<NewEvent> events) {
  tx.advance(stream_of(task.session_id), events.size());
  change_task(tx, runner, scope, task);
  if (is_final(task.status)) end_with(tx, scope, task);
  auto answer = co_await tx.run();
  if (answer.at(1).affected() != 1) co_return false;
  StepAnswers ended(answer, 2);
  if (is_final(task.status)) ended.read_ended_with(task);
  co_await append_with_ended(tx, stream_of(task.session_id), std::move(answer.at(0)), ended.take_events(),
                             std::move(events));
  co_await tx.commit();
  co_return true;
}

base::Task<bool> hand_task_over(Transaction& tx, RunnerId runner, UserScope scope, Task task,
                                std::vector<NewEvent> events) {
  tx.advance(stream_of(task.session_id), events.size());
  tx.add(kHandOver, task.agent_id, task.agent_name, task.kind, scope.user(), task.session_id, task.id, runner);
  auto answer = co_await tx.run();
  if (answer.at(1).affected() != 1) co_return false;
  tx.append(std::move(answer.at(0)), std::move(events));
  co_await tx.commit();
  co_return true;
}

base::Task<bool> cancel_task(Transaction& tx, UserScope scope, Task task, std::vector<NewEvent> events) {
  const auto error = task.error.value();
  tx.advance(stream_of(task.session_id), events.size());
  tx.add(kCancelTask, task.status, error.code, error.detail, task.completed_at, scope.user(), task.session_id, task.id);
  end_with(tx, scope, task, error.detail);
  auto answer = co_await tx.run();
  if (answer.at(1).affected() != 1) co_return false;
  StepAnswers ended(answer, 2);
  ended.read_ended_with(task);
  co_await append_with_ended(tx, stream_of(task.session_id), std::move(answer.at(0)), ended.take_events(),
                             std::move(events));
  co_await tx.commit();
  co_return true;
}

base::Task<bool> complete_task(Transaction& tx, RunnerId runner, UserScope scope, Task task, Message answer,
                               std::vector<NewEvent> events, std::optional<base::Timestamp> memory_due) {
  tx.advance_with_message(task.session_id, answer.created_at, events.size());
  change_task(tx, runner, scope, task, memory_due);
  end_with(tx, scope, task);
  auto changed = co_await tx.run();
  if (changed.at(1).affected() != 1) co_return false;
  StepAnswers ended(changed, 2);
  ended.read_ended_with(task);
  const auto message_count = co_await append_with_ended(tx, stream_of(task.session_id), std::move(changed.at(0)),
                                                        ended.take_events(), std::move(events));
  insert_message(tx, scope, answer, message_count.value());
  co_await tx.commit();
  co_return true;
}

}  // namespace

base::Task<base::Result<BegunCall>> PostgresTaskStore::begin(UserScope scope, NewCall call) {
  assert(call.message.session_id == call.task.session_id);
  return database_.write("task.begin", scope, begin_call, database_.runner(), scope, std::move(call));
}

base::Task<bool> PostgresTaskStore::append(UserScope scope, Task task, std::vector<NewEvent> events) {
  assert(!is_final(task.status));
  return database_.write("task.append", scope, change_and_tell, database_.runner(), scope, std::move(task),
                         std::move(events));
}

base::Task<bool> PostgresTaskStore::hand_over(UserScope scope, Task task, std::vector<NewEvent> events) {
  assert(!is_final(task.status));
  return database_.write("task.hand_over", scope, hand_task_over, database_.runner(), scope, std::move(task),
                         std::move(events));
}

base::Task<bool> PostgresTaskStore::complete(UserScope scope, Task task, Message answer, std::vector<NewEvent> events,
                                             std::optional<base::Timestamp> memory_due) {
  assert(is_final(task.status) && task.message_id == answer.id);
  return database_.write("task.complete", scope, complete_task, database_.runner(), scope, std::move(task),
                         std::move(answer), std::move(events), memory_due);
}

base::Task<bool> PostgresTaskStore::cancel(UserScope scope, Task task, std::vector<NewEvent> events) {
  assert(is_final(task.status) && task.error);
  return database_.write("task.cancel", scope, cancel_task, scope, std::move(task), std::move(events));
}

base::Task<bool> PostgresTaskStore::end(UserScope scope, Task task, std::vector<NewEvent> events) {
  assert(is_final(task.status));
  return database_.write("task.end", scope, change_and_tell, database_.runner(), scope, std::move(task),
                         std::move(events));
}

}  // namespace codelab::infra::postgres
