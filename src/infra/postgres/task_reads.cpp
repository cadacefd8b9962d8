#include "infra/postgres/idempotency.hpp"
#include "infra/postgres/keyset.hpp"
#include "infra/postgres/message_rows.hpp"
#include "infra/postgres/task_rows.hpp"
#include "infra/postgres/task_store.hpp"

/// The reading half of PostgresTaskStore.
namespace codelab::infra::postgres {
namespace {

using core::chat::IdempotencyKey;
using core::chat::Message;
using core::chat::Task;
using core::chat::TaskFilter;
using core::identity::UserScope;

constexpr Sql kTaskById =
    "SELECT id, session_id, agent_id, agent_name, status, error_code, error_detail, request_message_id, message_id, "
    "created_at, started_at, completed_at, kind, parent_id FROM tasks WHERE user_id = $1 AND id = $2";
constexpr Sql kTasksBefore =
    "SELECT id, session_id, agent_id, agent_name, status, error_code, error_detail, request_message_id, message_id, "
    "created_at, started_at, completed_at, kind, parent_id FROM tasks "
    "WHERE user_id = $1 AND id < $2 AND ($3 IS NULL OR status = $3) ORDER BY id DESC LIMIT $4";
constexpr Sql kCountTasks = "SELECT count(*) FROM tasks WHERE user_id = $1 AND ($2 IS NULL OR status = $2)";
constexpr Sql kSessionTasksBefore =
    "SELECT id, session_id, agent_id, agent_name, status, error_code, error_detail, request_message_id, message_id, "
    "created_at, started_at, completed_at, kind, parent_id FROM tasks "
    "WHERE user_id = $1 AND session_id = $5 AND id < $2 AND ($3 IS NULL OR status = $3) ORDER BY id DESC LIMIT $4";
constexpr Sql kCountSessionTasks =
    "SELECT count(*) FROM tasks WHERE user_id = $1 AND session_id = $3 AND ($2 IS NULL OR status = $2)";
constexpr Sql kAnswer =
    "SELECT m.id, m.session_id, m.role, m.content, m.agent_id, m.agent_name, m.task_id, m.model, m.prompt_tokens, "
    "m.completion_tokens, m.cost_usd, m.created_at FROM tasks t JOIN messages m "
    "ON m.user_id = t.user_id AND m.session_id = t.session_id AND m.id = t.message_id "
    "WHERE t.user_id = $1 AND t.id = $2";

}  // namespace

base::Task<base::Result<std::optional<Task>>> PostgresTaskStore::earlier(UserScope scope, IdempotencyKey key,
                                                                         base::Timestamp now) {
  Batch batch;
  find_earlier_call(batch, scope, key, now);
  auto answer = co_await database_.read("task.earlier", scope, std::move(batch));
  auto call = read_earlier_call(std::move(answer.at(0)), key);
  if (!call) co_return call.error();
  if (!*call) co_return std::nullopt;
  co_return std::move((*call)->task);
}

base::Task<std::optional<Task>> PostgresTaskStore::find(UserScope scope, base::TaskId task) {
  Batch batch;
  batch.add(kTaskById, scope.user(), task);
  auto answer = co_await database_.read("task.find", scope, std::move(batch));
  co_return first_of(std::move(answer.at(0)), read_task);
}

base::Task<core::Page<Task>> PostgresTaskStore::list(UserScope scope, TaskFilter filter, core::PageRequest page) {
  const auto start = position_or(page.cursor, highest<base::TaskId>());
  const auto limit = rows_to_ask_for(page.limit);
  const auto& [session, status] = filter;
  Batch batch;
  if (session) {
    batch.add(kSessionTasksBefore, scope.user(), start, status, limit, *session)
        .add(kCountSessionTasks, scope.user(), status, *session);
  } else {
    batch.add(kTasksBefore, scope.user(), start, status, limit).add(kCountTasks, scope.user(), status);
  }
  auto answer = co_await database_.read("task.list", scope, std::move(batch));
  auto tasks = all_of(std::move(answer.at(0)), read_task);
  co_return make_page(std::move(tasks), page.limit, value_of<std::int64_t>(std::move(answer.at(1))));
}

base::Task<std::optional<Message>> PostgresTaskStore::answer(UserScope scope, base::TaskId task) {
  Batch batch;
  batch.add(kAnswer, scope.user(), task);
  auto answer = co_await database_.read("task.answer", scope, std::move(batch));
  co_return first_of(std::move(answer.at(0)), read_message);
}

}  // namespace codelab::infra::postgres
