#include "infra/sqlite/task_rows.hpp"

#include "infra/sqlite/rows.hpp"

namespace codelab::infra::sqlite {
namespace {

using core::chat::Task;

constexpr Sql kTaskById =
    "SELECT id, session_id, agent_id, agent_name, status, error_code, error_detail, request_message_id, message_id, "
    "created_at, started_at, completed_at, kind, parent_id FROM tasks WHERE user_id = ? AND id = ?";

}  // namespace

Task read_task(const Rows& rows) {
  Task task;
  std::optional<std::string> error_code;
  std::optional<std::string> error_detail;
  rows.read(task.id, task.session_id, task.agent_id, task.agent_name, task.status, error_code, error_detail,
            task.request_message_id, task.message_id, task.created_at, task.started_at, task.completed_at, task.kind,
            task.parent_id);
  if (error_code) task.error = {.code = *error_code, .detail = error_detail.value_or("")};
  return task;
}

std::optional<Task> task_by_id(Connection& sql, const core::identity::UserScope& scope, const base::TaskId& task) {
  return first_of(sql.query(kTaskById, scope.user(), task), read_task);
}

}  // namespace codelab::infra::sqlite
