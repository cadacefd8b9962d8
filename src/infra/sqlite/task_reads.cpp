#include "infra/sqlite/idempotency.hpp"
#include "infra/sqlite/keyset.hpp"
#include "infra/sqlite/message_rows.hpp"
#include "infra/sqlite/rows.hpp"
#include "infra/sqlite/task_rows.hpp"
#include "infra/sqlite/task_store.hpp"

/// The reading half of SqliteTaskStore.
namespace codelab::infra::sqlite {
namespace {

using core::chat::IdempotencyKey;
using core::chat::Message;
using core::chat::Task;
using core::chat::TaskFilter;
using core::identity::UserScope;

constexpr Sql kTasksBefore =
    "SELECT id, session_id, agent_id, agent_name, status, error_code, error_detail, request_message_id, message_id, "
    "created_at, started_at, completed_at, kind, parent_id FROM tasks "
    "WHERE user_id = ?1 AND id < ?2 AND (?3 IS NULL OR status = ?3) ORDER BY id DESC LIMIT ?4";
constexpr Sql kCountTasks = "SELECT count(*) FROM tasks WHERE user_id = ?1 AND (?2 IS NULL OR status = ?2)";
constexpr Sql kSessionTasksBefore =
    "SELECT id, session_id, agent_id, agent_name, status, error_code, error_detail, request_message_id, message_id, "
    "created_at, started_at, completed_at, kind, parent_id FROM tasks "
    "WHERE user_id = ?1 AND session_id = ?5 AND id < ?2 AND (?3 IS NULL OR status = ?3) ORDER BY id DESC LIMIT ?4";
constexpr Sql kCountSessionTasks =
    "SELECT count(*) FROM tasks WHERE user_id = ?1 AND session_id = ?3 AND (?2 IS NULL OR status = ?2)";
constexpr Sql kAnswer =
    "SELECT m.id, m.session_id, m.role, m.content, m.agent_id, m.agent_name, m.task_id, m.model, m.prompt_tokens, "
    "m.completion_tokens, m.cost_usd, m.created_at FROM tasks t JOIN messages m "
    "ON m.user_id = t.user_id AND m.session_id = t.session_id AND m.id = t.message_id "
    "WHERE t.user_id = ? AND t.id = ?";

core::Page<Task> list_tasks(Connection& sql, const UserScope& scope, const TaskFilter& filter,
                            const core::PageRequest& page) {
  const ReadTransaction reading(sql);
  const auto start = position_or(page.cursor, highest<base::TaskId>());
  const auto limit = rows_to_ask_for(page.limit);
  const auto& [session, status] = filter;
  auto tasks = session ? all_of(sql.query(kSessionTasksBefore, scope.user(), start, status, limit, *session), read_task)
                       : all_of(sql.query(kTasksBefore, scope.user(), start, status, limit), read_task);
  const auto total = session ? value_of<std::int64_t>(sql.query(kCountSessionTasks, scope.user(), status, *session))
                             : value_of<std::int64_t>(sql.query(kCountTasks, scope.user(), status));
  return make_page(std::move(tasks), page.limit, total);
}

}  // namespace

base::Task<base::Result<std::optional<Task>>> SqliteTaskStore::earlier(UserScope scope, IdempotencyKey key,
                                                                       base::Timestamp now) {
  using Found = base::Result<std::optional<Task>>;
  return database_.readers().run("task.earlier", [=](Connection& sql) -> Found {
    const ReadTransaction reading(sql);
    auto call = find_earlier_call(sql, scope, key, now);
    if (!call) return call.error();
    return *call ? std::optional(std::move((*call)->task)) : std::nullopt;
  });
}

base::Task<std::optional<Task>> SqliteTaskStore::find(UserScope scope, base::TaskId task) {
  return database_.readers().run("task.find", [=](Connection& sql) { return task_by_id(sql, scope, task); });
}

base::Task<core::Page<Task>> SqliteTaskStore::list(UserScope scope, TaskFilter filter, core::PageRequest page) {
  return database_.readers().run("task.list", [=](Connection& sql) { return list_tasks(sql, scope, filter, page); });
}

base::Task<std::optional<Message>> SqliteTaskStore::answer(UserScope scope, base::TaskId task) {
  return database_.readers().run(
      "task.answer", [=](Connection& sql) { return first_of(sql.query(kAnswer, scope.user(), task), read_message); });
}

}  // namespace codelab::infra::sqlite
