#include "http/cors.hpp"

#include <algorithm>

namespace codelab::http {

bool Cors::is_preflight(const Request& request) {
  return request.method == Method::options && request.headers.contains("Origin") &&
         request.headers.contains("Access-Control-Request-Method");
}

bool Cors::admit(std::string_view origin, Response& response) const {
  const bool any = std::ranges::find(origins_, "*") != origins_.end();
  if (!any && !origins_.empty()) response.headers.add("Vary", "Origin");
  const bool allowed = !origin.empty() && (any || std::ranges::find(origins_, origin) != origins_.end());
  if (allowed) response.headers.set("Access-Control-Allow-Origin", any ? "*" : std::string(origin));
  return allowed;
}

Response Cors::answer_preflight(const Request& request) const {
  Response response{.status = 204, .headers = {}, .body = {}, .stream = nullptr};
  if (!admit(request.headers.get("Origin"), response)) return response;
  response.headers.add("Access-Control-Allow-Methods", "GET, POST, PUT, PATCH, DELETE");
  response.headers.add("Access-Control-Allow-Headers",
                       "Authorization, Content-Type, Accept, Idempotency-Key, Last-Event-ID, Prefer, X-Request-Id, "
                       "traceparent");
  response.headers.add("Access-Control-Max-Age", "600");
  return response;
}

void Cors::allow(const Request& request, Response& response) const {
  if (!admit(request.headers.get("Origin"), response)) return;
  response.headers.add("Access-Control-Expose-Headers",
                       "Location, Preference-Applied, X-Request-Id, Retry-After, RateLimit-Limit, RateLimit-Remaining, "
                       "RateLimit-Reset");
}

}  // namespace codelab::http
