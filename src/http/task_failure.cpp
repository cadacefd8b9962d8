#include "http/task_failure.hpp"

#include "core/chat/direct_call_events.hpp"

namespace codelab::http {
namespace {

base::Error error_of(const core::chat::TaskError& error) {
  base::Error known = base::make_error(base::error_code_of(error.code), error.detail);
  known.retry_after = error.retry_after;
  return known;
}

}  // namespace

base::Error task_failure(const core::chat::Task& task) {
  if (task.error) return error_of(*task.error);
  return base::make_error(base::ErrorCode::state_conflict, "the task was cancelled");
}

base::Error task_failure(std::string_view payload) {
  const auto error = core::chat::read_task_failed(payload);
  if (!error) return base::make_error(base::ErrorCode::internal, "the task failed");
  return error_of(*error);
}

}  // namespace codelab::http
