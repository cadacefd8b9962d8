#include "http/handlers/service/service.hpp"

#include "http/json_response.hpp"

namespace codelab::http::handlers {

base::Task<Response> ServiceHandlers::health(ApiRequest) { co_return json(200, Health{.version = version_}); }

base::Task<Response> ServiceHandlers::ready(ApiRequest) {
  const auto readiness = co_await state_.readiness();
  const bool serves = readiness.status == "ok" || readiness.status == "degraded";
  Response response = json(serves ? 200 : 503, readiness);
  if (!serves) response.headers.add("Retry-After", "1");
  co_return response;
}

base::Task<Response> ServiceHandlers::metrics(ApiRequest) {
  Response response;
  response.headers.add("Content-Type", "text/plain; version=0.0.4; charset=utf-8");
  response.body = state_.metrics();
  co_return response;
}

base::Task<Response> ServiceHandlers::openapi(ApiRequest) { co_return json_text(200, openapi_); }

}  // namespace codelab::http::handlers
