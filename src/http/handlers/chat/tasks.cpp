#include "http/handlers/chat/tasks.hpp"

#include <fmt/format.h>

#include "http/json_response.hpp"
#include "http/parameters.hpp"
#include "http/problem.hpp"

namespace codelab::http::handlers {
namespace {

base::Result<core::chat::TaskFilter> filter_of(const ApiRequest& request) {
  core::chat::TaskFilter filter;
  const auto session = query_id<base::SessionId>(request, parameters::kSession);
  if (!session) return session.error();
  filter.session = *session;
  if (const auto status = request.target.find(parameters::kStatus.name)) {
    filter.status = base::parse_enum<core::chat::TaskStatus>(*status);
    if (!filter.status)
      return query_fault(parameters::kStatus.name,
                         fmt::format("must be one of: {}", fmt::join(parameters::kStatus.choices, ", ")));
  }
  return filter;
}

}  // namespace

base::Task<Response> TaskHandlers::list(UserRequest request) {
  auto page = page_of(request);
  if (!page) co_return problem(page.error(), request.trace_id);
  auto filter = filter_of(request);
  if (!filter) co_return problem(filter.error(), request.trace_id);
  const auto tasks = co_await tasks_.list(request.scope(), *filter, std::move(*page));
  co_return json(200, tasks);
}

base::Task<Response> TaskHandlers::get(UserRequest request) {
  const auto id = path_id<base::TaskId>(request, "task_id", base::ErrorCode::not_found);
  if (!id) co_return problem(id.error(), request.trace_id);
  const auto task = co_await tasks_.find(request.scope(), *id);
  if (!task) co_return problem(base::make_error(base::ErrorCode::not_found, "you have no such task"), request.trace_id);
  co_return json(200, *task);
}

base::Task<Response> TaskHandlers::cancel(UserRequest request) {
  const auto id = path_id<base::TaskId>(request, "task_id", base::ErrorCode::not_found);
  if (!id) co_return problem(id.error(), request.trace_id);
  const auto task = co_await cancellation_.cancel(request.scope(), *id);
  if (!task) co_return problem(task.error(), request.trace_id);
  co_return json(200, *task);
}

}  // namespace codelab::http::handlers
