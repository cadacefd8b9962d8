#include "http/cors.hpp"

#include <algorithm>

namespace codelab::http {

bool Cors::is_preflight(const Request& request) {
  return request.method == Method::options && request.headers.contains("Origin") &&
         request.headers.contains("Access-Control-Request-Method");
}

bool Cors::allows(std::string_view origin) const {
  return std::ranges::any_of(origins_, [&](const std::string& each) { return each == "*" || each == origin; });
}

void Cors::add_origin(std::string_view origin, Response& response) const {
  const bool any = std::ranges::find(origins_, "*") != origins_.end();
  response.headers.set("Access-Control-Allow-Origin", any ? "*" : std::string(origin));
  if (!any) response.headers.add("Vary", "Origin");
}

Response Cors::answer_preflight(const Request& request) const {
  Response response{.status = 204, .headers = {}, .body = {}, .stream = nullptr};
  const std::string_view origin = request.headers.get("Origin");
  if (!allows(origin)) return response;
  add_origin(origin, response);
  response.headers.add("Access-Control-Allow-Methods", "GET, POST, PUT, PATCH, DELETE");
  response.headers.add("Access-Control-Allow-Headers",
                       "Authorization, Content-Type, Accept, Idempotency-Key, Last-Event-ID, Prefer, X-Request-Id");
  response.headers.add("Access-Control-Max-Age", "600");
  return response;
}

void Cors::allow(const Request& request, Response& response) const {
  const std::string_view origin = request.headers.get("Origin");
  if (origin.empty() || !allows(origin)) return;
  add_origin(origin, response);
  response.headers.add("Access-Control-Expose-Headers",
                       "X-Request-Id, Retry-After, RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset");
}

}  // namespace codelab::http
