#include "http/gateway.hpp"

#include <stdexcept>

#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>
#include <gtest/gtest.h>

#include "base/describe/parse_json.hpp"
#include "base/store_error.hpp"
#include "tests/unit/core/identity/identity_fixture.hpp"

namespace codelab::http {
namespace {

using base::ErrorCode;

constexpr const char* kOrigin = "https://app.example.com";

/// What the routes of these tests answer, and what they saw.
struct Handlers {
  base::Task<Response> echo(UserRequest request) {
    ++calls;
    user = request.scope().user();
    co_return Response{.status = 200, .headers = {}, .body = std::string(request.param("agent")), .stream = nullptr};
  }
  base::Task<Response> broken(ApiRequest request) {
    const std::string_view how = request.param("how");
    if (how == "store") throw base::StoreError("disk I/O error on /secret/path");
    if (how == "aborted") throw boost::system::system_error(boost::asio::error::operation_aborted);
    throw std::runtime_error("inner detail");
    co_return Response{};
  }
  base::Task<Response> open_one(ApiRequest) {
    ++calls;
    co_return Response{.status = 200, .headers = {}, .body = "open", .stream = nullptr};
  }

  int calls = 0;
  base::UserId user{};
};

struct FakeLimiter final : core::cache::RateLimiter {
  base::Task<core::cache::RateDecision> take(std::string key, std::int64_t limit) override {
    keys.push_back(std::move(key));
    co_return core::cache::RateDecision{
        .allowed = allowing, .limit = limit, .remaining = allowing ? limit - 1 : 0, .reset = std::chrono::seconds{7}};
  }

  bool allowing = true;
  std::vector<std::string> keys;
};

class GatewayTest : public tests::IdentityTest {
 protected:
  static std::vector<Route> routes(Handlers& handlers) {
    std::vector<Route> all;
    all.push_back(open<&Handlers::open_one>(Method::get, "/health", handlers, {}));
    all.push_back(mine<&Handlers::echo>(Method::get, "/my/agents/{agent}", handlers, {}));
    all.push_back(open<&Handlers::broken>(Method::get, "/broken/{how}", handlers, {}));
    all.push_back(open<&Handlers::open_one>(Method::post, "/auth/login", handlers, {}));
    return all;
  }

  Response ask(Method method, std::string target, std::vector<std::pair<std::string, std::string>> fields = {}) {
    Request request{.method = method, .target = std::move(target), .request_id = "id-1"};
    request.remote_address = "192.0.2.1";
    for (auto& [name, value] : fields) request.headers.add(std::move(name), std::move(value));
    return tests::run_task(gateway_.handle(std::move(request)));
  }

  Handlers handlers_;
  FakeLimiter limiter_;
  Gateway gateway_{{authenticator_, limiter_}, Router(routes(handlers_)), Cors({kOrigin}), 5};
};

testing::AssertionResult is_problem(const Response& response, unsigned status, ErrorCode code) {
  const auto json = base::parse_json(response.body);
  if (!json) return testing::AssertionFailure() << "no JSON: " << response.body;
  const auto& body = json->as_object();
  const bool same = response.status == status && body.at("status").to_number<unsigned>() == status &&
                    body.at("code").as_string() == base::name_of(code) &&
                    response.headers.get("Content-Type") == "application/problem+json";
  if (same) return testing::AssertionSuccess();
  return testing::AssertionFailure() << response.status << " " << response.body;
}

TEST_F(GatewayTest, a_users_route_is_not_reached_without_a_token) {
  const Response response = ask(Method::get, "/my/agents/ada");
  EXPECT_TRUE(is_problem(response, 401, ErrorCode::token_missing));
  EXPECT_EQ(response.headers.get("WWW-Authenticate"), "Bearer");
  EXPECT_TRUE(is_problem(ask(Method::get, "/my/agents/ada", {{"Authorization", "Bearer forged"}}), 401,
                         ErrorCode::token_invalid));
  EXPECT_EQ(handlers_.calls, 0);
  EXPECT_TRUE(limiter_.keys.empty());
}

TEST_F(GatewayTest, a_token_becomes_the_user_that_the_handler_sees) {
  const auto pair = sign_up();
  const Response response = ask(Method::get, "/my/agents/ada", {{"Authorization", "Bearer " + pair.access_token}});
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, "ada");
  EXPECT_EQ(handlers_.user, scope_of(pair).user());
  EXPECT_EQ(response.headers.get("Cache-Control"), "no-store");
  EXPECT_EQ(limiter_.keys, std::vector<std::string>{scope_of(pair).prefix()});
}

TEST_F(GatewayTest, past_the_rate_a_user_waits) {
  const auto pair = sign_up();
  limiter_.allowing = false;
  const Response response = ask(Method::get, "/my/agents/ada", {{"Authorization", "Bearer " + pair.access_token}});
  EXPECT_TRUE(is_problem(response, 429, ErrorCode::rate_limited));
  EXPECT_EQ(response.headers.get("Retry-After"), "7");
  EXPECT_EQ(response.headers.get("RateLimit-Limit"), "5");
  EXPECT_EQ(response.headers.get("RateLimit-Remaining"), "0");
  EXPECT_EQ(handlers_.calls, 0);
}

TEST_F(GatewayTest, strangers_are_limited_by_address_where_they_log_in_and_nowhere_else) {
  EXPECT_EQ(ask(Method::get, "/health").status, 200);
  EXPECT_TRUE(limiter_.keys.empty());
  const Response login = ask(Method::post, "/auth/login");
  EXPECT_EQ(login.status, 200);
  EXPECT_EQ(login.headers.get("Cache-Control"), "no-store");
  EXPECT_EQ(limiter_.keys, std::vector<std::string>{"address:192.0.2.1"});
  limiter_.allowing = false;
  EXPECT_TRUE(is_problem(ask(Method::post, "/auth/login"), 429, ErrorCode::rate_limited));
}

TEST_F(GatewayTest, what_breaks_is_told_by_kind_and_never_by_its_reason) {
  const Response store = ask(Method::get, "/broken/store");
  EXPECT_TRUE(is_problem(store, 503, ErrorCode::store_unavailable));
  EXPECT_FALSE(store.body.contains("secret"));
  EXPECT_TRUE(store.headers.contains("Retry-After"));
  EXPECT_TRUE(is_problem(ask(Method::get, "/broken/aborted"), 503, ErrorCode::draining));
  const Response unknown = ask(Method::get, "/broken/other");
  EXPECT_TRUE(is_problem(unknown, 500, ErrorCode::internal));
  EXPECT_FALSE(unknown.body.contains("inner"));
}

TEST_F(GatewayTest, an_unknown_path_is_404_and_a_known_one_says_what_it_answers) {
  EXPECT_TRUE(is_problem(ask(Method::get, "/my/nothing"), 404, ErrorCode::not_found));
  const Response wrong = ask(Method::del, "/auth/login");
  EXPECT_TRUE(is_problem(wrong, 405, ErrorCode::method_not_allowed));
  EXPECT_EQ(wrong.headers.get("Allow"), "POST");
  EXPECT_TRUE(is_problem(ask(Method::get, "/my/agents/%zz"), 400, ErrorCode::malformed_request));
}

TEST_F(GatewayTest, a_file_that_is_not_there_is_404_where_a_view_gets_the_page) {
  EXPECT_EQ(ask(Method::get, "/chat/one", {{"Accept", "text/html"}}).status, 200);
  for (const char* path : {"/favicon.ico", "/robots.txt"}) {
    EXPECT_TRUE(is_problem(ask(Method::get, path, {{"Accept", "text/html"}}), 404, ErrorCode::not_found)) << path;
  }
}

TEST_F(GatewayTest, a_target_in_absolute_form_finds_its_route) {
  EXPECT_EQ(ask(Method::get, "http://host:8080/health").route, 1);
  EXPECT_TRUE(is_problem(ask(Method::get, "ftp://host/health"), 400, ErrorCode::malformed_request));
}

TEST_F(GatewayTest, a_gateway_without_pages_has_no_front_door) {
  EXPECT_EQ(ask(Method::get, "/").status, 200);
  Gateway bare({authenticator_, limiter_}, Router(routes(handlers_)), Cors({}), 0, Gateway::Pages::none);
  Request request{.method = Method::get, .target = "/", .request_id = "id-1"};
  request.headers.add("Accept", "text/html");
  EXPECT_TRUE(is_problem(tests::run_task(bare.handle(std::move(request))), 404, ErrorCode::not_found));
}

TEST_F(GatewayTest, every_answer_has_its_request_id_and_the_security_headers) {
  for (const char* target : {"/health", "/nothing.json", "/broken/other", "/my/agents/ada", "/my/agents/%zz"}) {
    const Response response = ask(Method::get, target);
    EXPECT_EQ(response.headers.get("X-Request-Id"), "id-1") << target;
    EXPECT_EQ(response.headers.get("X-Content-Type-Options"), "nosniff") << target;
    EXPECT_TRUE(response.headers.contains("Content-Security-Policy")) << target;
  }
}

TEST_F(GatewayTest, a_preflight_is_answered_before_anybody_is_asked_for_a_token) {
  const Response response =
      ask(Method::options, "/my/agents/ada", {{"Origin", kOrigin}, {"Access-Control-Request-Method", "GET"}});
  EXPECT_EQ(response.status, 204);
  EXPECT_EQ(response.headers.joined("Access-Control-Allow-Origin"), kOrigin);
  EXPECT_EQ(response.headers.joined("Vary"), "Origin");
  EXPECT_EQ(handlers_.calls, 0);
}

TEST_F(GatewayTest, an_allowed_page_may_read_errors_too) {
  EXPECT_EQ(ask(Method::get, "/my/agents/ada", {{"Origin", kOrigin}}).headers.get("Access-Control-Allow-Origin"),
            kOrigin);
  EXPECT_FALSE(ask(Method::get, "/health", {{"Origin", "https://evil.example.com"}})
                   .headers.contains("Access-Control-Allow-Origin"));
}

TEST_F(GatewayTest, an_answer_names_its_route_also_when_that_failed) {
  EXPECT_EQ(ask(Method::get, "/health").route, 1);
  EXPECT_EQ(ask(Method::head, "/health").route, 1);
  EXPECT_EQ(ask(Method::get, "/my/agents/ada").route, 2);
  EXPECT_EQ(ask(Method::get, "/broken/store").route, 3);
  EXPECT_EQ(ask(Method::get, "/my/nothing").route, 0);
  EXPECT_EQ(ask(Method::del, "/health").route, 0);
}

TEST_F(GatewayTest, what_the_connection_refuses_has_a_code_of_its_own) {
  const std::vector<std::pair<unsigned, ErrorCode>> kinds{
      {400, ErrorCode::malformed_request}, {408, ErrorCode::request_timeout},
      {413, ErrorCode::body_too_large},    {414, ErrorCode::target_too_long},
      {431, ErrorCode::headers_too_large}, {501, ErrorCode::transfer_encoding_unsupported},
      {503, ErrorCode::overloaded},        {505, ErrorCode::http_version_unsupported}};
  for (const auto& [status, code] : kinds) {
    const Response response = gateway_.connection_error(status, "id-2");
    EXPECT_TRUE(is_problem(response, status, code));
    EXPECT_EQ(response.headers.get("X-Request-Id"), "id-2");
    EXPECT_EQ(response.headers.get("X-Frame-Options"), "DENY");
  }
}

}  // namespace
}  // namespace codelab::http
