#include "http/handlers/identity/accounts.hpp"

#include "http/json_response.hpp"
#include "http/problem.hpp"

namespace codelab::http::handlers {

base::Task<Response> AccountHandlers::register_user(ApiRequest request, core::identity::Credentials credentials) {
  const auto tokens = co_await accounts_.register_user(std::move(credentials));
  if (!tokens) co_return problem(tokens.error(), request.trace_id);
  co_return json(201, *tokens);
}

base::Task<Response> AccountHandlers::login(ApiRequest request, core::identity::Credentials credentials) {
  const auto tokens = co_await accounts_.login(std::move(credentials));
  if (!tokens) co_return problem(tokens.error(), request.trace_id);
  co_return json(200, *tokens);
}

base::Task<Response> AccountHandlers::refresh(ApiRequest request, core::identity::RefreshRequest token) {
  const auto tokens = co_await accounts_.refresh(std::move(token));
  if (!tokens) co_return problem(tokens.error(), request.trace_id);
  co_return json(200, *tokens);
}

base::Task<Response> AccountHandlers::logout(ApiRequest request, core::identity::RefreshRequest token) {
  const auto closed = co_await accounts_.logout(std::move(token));
  if (!closed) co_return problem(closed.error(), request.trace_id);
  co_return no_content();
}

base::Task<Response> AccountHandlers::profile(UserRequest request) {
  const auto user = co_await accounts_.profile(request.scope());
  if (!user) co_return problem(user.error(), request.trace_id);
  co_return json(200, *user);
}

base::Task<Response> AccountHandlers::erase(UserRequest request) {
  co_await accounts_.erase(request.scope());
  co_return no_content();
}

}  // namespace codelab::http::handlers
