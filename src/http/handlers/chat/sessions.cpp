#include "http/handlers/chat/sessions.hpp"

#include "http/json_response.hpp"
#include "http/problem.hpp"

namespace codelab::http::handlers {

base::Result<base::SessionId> session_in_path(const ApiRequest& request) {
  return path_id<base::SessionId>(request, "session_id", base::ErrorCode::session_not_found);
}

base::Task<Response> SessionHandlers::create(UserRequest request, std::optional<NewSession> body) {
  std::string title = body ? std::move(body->title) : std::string();
  const auto session = co_await sessions_.create(request.scope(), std::move(title));
  co_return json_at(201, "/my/chat/sessions/" + session.id.str(), session);
}

base::Task<Response> SessionHandlers::list(UserRequest request) {
  auto page = page_of(request);
  if (!page) co_return problem(page.error(), request.trace_id);
  const auto sessions = co_await sessions_.list(request.scope(), std::move(*page));
  co_return json(200, sessions);
}

base::Task<Response> SessionHandlers::get(UserRequest request) {
  const auto id = session_in_path(request);
  if (!id) co_return problem(id.error(), request.trace_id);
  const auto session = co_await sessions_.find(request.scope(), *id);
  if (!session) co_return problem(session.error(), request.trace_id);
  co_return json(200, *session);
}

base::Task<Response> SessionHandlers::rename(UserRequest request, RenameSession changed) {
  const auto id = session_in_path(request);
  if (!id) co_return problem(id.error(), request.trace_id);
  const auto session = co_await sessions_.rename(request.scope(), *id, std::move(changed.title));
  if (!session) co_return problem(session.error(), request.trace_id);
  co_return json(200, *session);
}

base::Task<Response> SessionHandlers::erase(UserRequest request) {
  const auto id = session_in_path(request);
  if (!id) co_return problem(id.error(), request.trace_id);
  const auto erased = co_await sessions_.erase(request.scope(), *id);
  if (!erased) co_return problem(erased.error(), request.trace_id);
  co_return no_content();
}

}  // namespace codelab::http::handlers
