#include "http/gateway.hpp"

#include <chrono>
#include <exception>
#include <utility>

#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>

#include "base/log.hpp"
#include "base/store_error.hpp"
#include "http/asset_response.hpp"
#include "http/problem.hpp"
#include "http/trace_id.hpp"

namespace codelab::http {
namespace {

base::ErrorCode code_of_status(unsigned status) {
  switch (status) {
    case 408:
      return base::ErrorCode::request_timeout;
    case 413:
      return base::ErrorCode::body_too_large;
    case 414:
      return base::ErrorCode::target_too_long;
    case 431:
      return base::ErrorCode::headers_too_large;
    case 501:
      return base::ErrorCode::transfer_encoding_unsupported;
    case 503:
      return base::ErrorCode::overloaded;
    case 505:
      return base::ErrorCode::http_version_unsupported;
    default:
      return base::ErrorCode::malformed_request;
  }
}

std::string_view detail_of_status(unsigned status) {
  switch (status) {
    case 408:
      return "the request did not arrive in time";
    case 413:
      return "the body is larger than this server takes";
    case 414:
      return "the request target is longer than this server takes";
    case 431:
      return "the header fields are larger than this server takes";
    case 501:
      return "this server takes no transfer coding but chunked";
    case 503:
      return "this server has all the connections that it can hold";
    case 505:
      return "this server speaks HTTP/1.1 and HTTP/1.0";
    default:
      return "the request is not valid HTTP";
  }
}

std::string_view public_detail(base::ErrorCode code) {
  if (code == base::ErrorCode::store_unavailable) return "a store did not answer; try again";
  if (code == base::ErrorCode::draining) return "the server is shutting down; try again";
  return "this is our fault";
}

/// No page may frame the API, guess its types or learn its addresses; an API answer needs nothing from anywhere.
void add_security_headers(Response& response) {
  response.headers.add("X-Content-Type-Options", "nosniff");
  response.headers.add("X-Frame-Options", "DENY");
  response.headers.add("Referrer-Policy", "no-referrer");
  if (!response.headers.contains("Content-Security-Policy")) {
    response.headers.add("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'");
  }
}

void add_rate_headers(const core::cache::RateDecision& decision, Response& response) {
  if (decision.limit == 0) return;
  response.headers.add("RateLimit-Limit", std::to_string(decision.limit));
  response.headers.add("RateLimit-Remaining", std::to_string(decision.remaining));
  response.headers.add("RateLimit-Reset", std::to_string(decision.reset.count()));
}

Response rate_limited(const core::cache::RateDecision& decision, std::string_view trace_id) {
  base::Error error = base::make_error(base::ErrorCode::rate_limited, "too many requests; wait before the next one");
  error.retry_after = decision.reset;
  return problem(error, trace_id);
}

}  // namespace

Gateway::Gateway(Ports ports, Router router, Cors cors, std::int64_t requests_per_minute, Pages pages)
    : ports_(std::move(ports)),
      router_(std::move(router)),
      cors_(std::move(cors)),
      requests_per_minute_(requests_per_minute),
      pages_(pages) {}

base::Task<Response> Gateway::handle(Request request) {
  const auto begin = std::chrono::steady_clock::now();
  Trace trace{.trace_id = trace_id_of(request)};
  Request echo{.method = request.method, .target = request.target, .request_id = request.request_id};
  if (request.headers.contains("Origin")) echo.headers.add("Origin", std::string(request.headers.get("Origin")));
  const bool preflight = Cors::is_preflight(request);
  Response response = co_await answer(std::move(request), trace);
  response.route = trace.route;
  response.headers.add("X-Request-Id", echo.request_id);
  add_security_headers(response);
  if (!preflight) cors_.allow(echo, response);
  if (base::log::enabled(base::log::Level::info)) log_request(echo, response, trace, begin);
  co_return response;
}

/// Broken infrastructure ends here: its reason goes to the log with the trace id, never to the client.
base::Task<Response> Gateway::answer(Request request, Trace& trace) {
  std::string reason;
  auto code = base::ErrorCode::internal;
  try {
    co_return co_await dispatch(std::move(request), trace);
  } catch (const base::StoreError& failure) {
    reason = failure.what();
    code = base::ErrorCode::store_unavailable;
  } catch (const boost::system::system_error& failure) {
    reason = failure.what();
    if (failure.code() == boost::asio::error::operation_aborted) code = base::ErrorCode::draining;
  } catch (const std::exception& failure) {
    reason = failure.what();
  }
  base::log::error(
      "request_broken",
      {{"trace_id", trace.trace_id}, {"user_id", trace.user_id}, {"code", base::name_of(code)}, {"reason", reason}});
  co_return problem(base::make_error(code, std::string(public_detail(code))), trace.trace_id);
}

base::Task<Response> Gateway::dispatch(Request request, Trace& trace) {
  if (Cors::is_preflight(request)) co_return cors_.answer_preflight(request);
  auto target = parse_target(request.target);
  if (!target) co_return problem(target.error(), trace.trace_id);
  auto match = router_.find(request.method, *target);
  if (match.route == nullptr) co_return no_route(request, *target, match.allowed, trace.trace_id);
  trace.route = match.number;
  ApiRequest routed{.raw = std::move(request),
                    .target = std::move(*target),
                    .params = std::move(match.params),
                    .trace_id = trace.trace_id};
  trace.session_id = routed.param("session_id");
  trace.agent = routed.param("agent");
  if (match.route->access() == Route::Access::user) {
    co_return co_await dispatch_user(*match.route, std::move(routed), trace);
  }
  co_return co_await dispatch_open(*match.route, std::move(routed));
}

Response Gateway::no_route(const Request& request, const Target& target, const std::string& allowed,
                           std::string_view trace_id) const {
  if (allowed.empty()) {
    auto page = pages_ == Pages::served ? asset_response(request, target) : std::nullopt;
    if (page) return std::move(*page);
    return problem(base::make_error(base::ErrorCode::not_found, "there is nothing here"), trace_id);
  }
  Response response =
      problem(base::make_error(base::ErrorCode::method_not_allowed, "this path answers " + allowed), trace_id);
  response.headers.add("Allow", allowed);
  return response;
}

base::Task<Response> Gateway::dispatch_user(const Route& route, ApiRequest request, Trace& trace) {
  std::string authorization(request.raw.headers.get("Authorization"));
  auto identity = co_await ports_.authenticator.authenticate(std::move(authorization));
  if (!identity) co_return problem(identity.error(), request.trace_id);
  trace.user_id = identity->scope.user().str();
  std::string key = identity->scope.prefix();
  const auto decision = co_await take(std::move(key));
  Response response;
  if (decision.allowed) {
    UserRequest known{{std::move(request)}, *identity};
    response = co_await route.handle(std::move(known));
  } else {
    response = rate_limited(decision, request.trace_id);
  }
  add_rate_headers(decision, response);
  if (!response.headers.contains("Cache-Control")) response.headers.add("Cache-Control", "no-store");
  co_return response;
}

/// Only /auth is limited by address: it is where strangers make the server work hard.
base::Task<Response> Gateway::dispatch_open(const Route& route, ApiRequest request) {
  core::cache::RateDecision decision;
  if (route.path().starts_with("/auth/")) {
    const auto forwarded_for = request.raw.headers.joined("X-Forwarded-For");
    std::string key = "address:" + ports_.proxies.client_of(request.raw.remote_address, forwarded_for);
    decision = co_await take(std::move(key));
  }
  Response response;
  if (decision.allowed) {
    response = co_await route.handle(std::move(request));
  } else {
    response = rate_limited(decision, request.trace_id);
  }
  add_rate_headers(decision, response);
  // These answers hold tokens.
  if (route.path().starts_with("/auth/")) response.headers.add("Cache-Control", "no-store");
  co_return response;
}

base::Task<core::cache::RateDecision> Gateway::take(std::string key) {
  if (requests_per_minute_ == 0) co_return core::cache::RateDecision{};
  co_return co_await ports_.limiter.take(std::move(key), requests_per_minute_);
}

Response Gateway::connection_error(unsigned status, std::string_view request_id) {
  const base::Error error = base::make_error(code_of_status(status), std::string(detail_of_status(status)));
  Response response = problem(error, request_id);
  response.headers.add("X-Request-Id", std::string(request_id));
  add_security_headers(response);
  return response;
}

void Gateway::log_request(const Request& request, const Response& response, const Trace& trace,
                          std::chrono::steady_clock::time_point begin) {
  const auto took = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin);
  const std::string_view path = std::string_view(request.target).substr(0, request.target.find('?'));
  base::log::info("request", {{"request_id", request.request_id},
                              {"trace_id", trace.trace_id},
                              {"user_id", trace.user_id},
                              {"session_id", trace.session_id},
                              {"agent", trace.agent},
                              {"method", to_string(request.method)},
                              {"path", path},
                              {"status", response.status},
                              {"ms", took.count()}});
}

}  // namespace codelab::http
