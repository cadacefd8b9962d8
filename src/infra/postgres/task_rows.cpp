#include "infra/postgres/task_rows.hpp"

namespace codelab::infra::postgres {

core::chat::Task read_task(const Rows& rows) {
  core::chat::Task task;
  std::optional<std::string> error_code;
  std::optional<std::string> error_detail;
  rows.read(task.id, task.session_id, task.agent_id, task.agent_name, task.status, error_code, error_detail,
            task.request_message_id, task.message_id, task.created_at, task.started_at, task.completed_at, task.kind,
            task.parent_id);
  if (error_code) task.error = {.code = *error_code, .detail = error_detail.value_or("")};
  return task;
}

}  // namespace codelab::infra::postgres
