#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "core/cache/ports.hpp"
#include "core/identity/authenticator.hpp"
#include "http/cors.hpp"
#include "http/message.hpp"
#include "http/router.hpp"
#include "http/trusted_proxies.hpp"

namespace codelab::http {

/// What every request passes: preflight, route, identity, rate limit, handler, and the headers that every answer has.
/// The one place where an exception becomes an answer. Thread-safe.
class Gateway final : public RequestHandler {
 public:
  struct Ports {
    core::identity::Authenticator& authenticator;
    core::cache::RateLimiter& limiter;
    TrustedProxies proxies = {};
  };

  /// Whether what no route answers may be a web page.
  enum class Pages : std::uint8_t { none, served };

  /// `requests_per_minute` is for each user, and for each address at /auth; 0 is no limit.
  Gateway(Ports ports, Router router, Cors cors, std::int64_t requests_per_minute, Pages pages = Pages::served);

  base::Task<Response> handle(Request request) override;
  Response connection_error(unsigned status, std::string_view request_id) override;

 private:
  /// What the log line of a request says, found out on the way. Lives as long as the request.
  struct Trace {
    std::string trace_id;
    std::string user_id;
    std::string session_id;
    std::string agent;
    /// As Response::route.
    std::size_t route = 0;
  };

  base::Task<Response> answer(Request request, Trace& trace);
  base::Task<Response> dispatch(Request request, Trace& trace);
  Response no_route(const Request& request, const Target& target, const std::string& allowed,
                    std::string_view trace_id) const;
  base::Task<Response> dispatch_user(const Route& route, ApiRequest request, Trace& trace);
  base::Task<Response> dispatch_open(const Route& route, ApiRequest request);
  static void log_request(const Request& request, const Response& response, const Trace& trace,
                          std::chrono::steady_clock::time_point begin);
  base::Task<core::cache::RateDecision> take(std::string key);

  Ports ports_;
  Router router_;
  Cors cors_;
  std::int64_t requests_per_minute_;
  Pages pages_;
};

}  // namespace codelab::http
