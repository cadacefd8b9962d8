#include "http/task_failure.hpp"

#include "base/describe/decode.hpp"
#include "base/describe/parse_json.hpp"

namespace codelab::http {
namespace {

base::Error error_of(const core::chat::TaskError& error) {
  return base::make_error(base::error_code_of(error.code), error.detail);
}

}  // namespace

base::Error task_failure(const core::chat::Task& task) {
  if (task.error) return error_of(*task.error);
  return base::make_error(base::ErrorCode::state_conflict, "the task was cancelled");
}

base::Error task_failure(std::string_view payload) {
  const auto json = base::parse_json(payload);
  if (!json) return base::make_error(base::ErrorCode::internal, "the task failed");
  const auto error = base::decode<core::chat::TaskError>(*json);
  if (!error) return base::make_error(base::ErrorCode::internal, "the task failed");
  return error_of(*error);
}

}  // namespace codelab::http
