#include "http/cors.hpp"

#include <algorithm>

#include <gtest/gtest.h>

namespace codelab::http {
namespace {

constexpr const char* kOrigin = "https://app.example.com";
constexpr const char* kOther = "https://other.example.com";
constexpr const char* kStranger = "https://evil.example.com";

Request from(std::string_view origin, Method method = Method::get) {
  Request request{.method = method, .target = "/my/agents/"};
  if (!origin.empty()) request.headers.add("Origin", std::string(origin));
  return request;
}

Request preflight(std::string_view origin) {
  Request request = from(origin, Method::options);
  request.headers.add("Access-Control-Request-Method", "POST");
  return request;
}

Response allowed(const Cors& cors, std::string_view origin) {
  Response response;
  cors.allow(from(origin), response);
  return response;
}

bool says_nothing_of_access(const Response& response) {
  return std::ranges::none_of(response.headers,
                              [](const auto& field) { return field.first.starts_with("Access-Control-"); });
}

TEST(Cors, a_preflight_is_options_with_an_origin_and_a_wanted_method) {
  EXPECT_TRUE(Cors::is_preflight(preflight(kOrigin)));
  EXPECT_FALSE(Cors::is_preflight(from(kOrigin, Method::options)));
  EXPECT_FALSE(Cors::is_preflight(preflight("")));
  Request get = preflight(kOrigin);
  get.method = Method::get;
  EXPECT_FALSE(Cors::is_preflight(get));
}

TEST(Cors, a_preflight_tells_a_listed_origin_what_it_may_send) {
  const Response answer = Cors({kOther, kOrigin}).answer_preflight(preflight(kOrigin));
  EXPECT_EQ(answer.status, 204);
  EXPECT_EQ(answer.headers.get("Access-Control-Allow-Origin"), kOrigin);
  EXPECT_EQ(answer.headers.get("Access-Control-Allow-Methods"), "GET, POST, PUT, PATCH, DELETE");
  for (const char* name : {"Authorization", "Content-Type", "Idempotency-Key", "Last-Event-ID", "Prefer"}) {
    EXPECT_TRUE(answer.headers.get("Access-Control-Allow-Headers").contains(name)) << name;
  }
  EXPECT_EQ(answer.headers.get("Vary"), "Origin");
}

TEST(Cors, an_unknown_origin_learns_nothing) {
  const Cors cors({kOrigin});
  EXPECT_TRUE(says_nothing_of_access(cors.answer_preflight(preflight(kStranger))));
  for (const char* origin : {kStranger, "", "null", "https://app.example.com.evil.org", "http://app.example.com",
                             "https://app.example.com:8443", "https://app.example.com/"}) {
    EXPECT_TRUE(says_nothing_of_access(allowed(cors, origin))) << origin;
  }
}

TEST(Cors, a_listed_origin_may_read_the_answer_and_the_headers_it_needs) {
  const Response response = allowed(Cors({kOrigin}), kOrigin);
  EXPECT_EQ(response.headers.get("Access-Control-Allow-Origin"), kOrigin);
  EXPECT_TRUE(response.headers.get("Access-Control-Expose-Headers").contains("Retry-After"));
  EXPECT_TRUE(response.headers.get("Access-Control-Expose-Headers").contains("Location"));
}

TEST(Cors, a_cache_is_told_that_the_origin_matters_whoever_asks) {
  const Cors cors({kOrigin});
  for (const char* origin : {kOrigin, kStranger, ""}) {
    EXPECT_EQ(allowed(cors, origin).headers.joined("Vary"), "Origin") << origin;
  }
  EXPECT_EQ(cors.answer_preflight(preflight(kStranger)).headers.joined("Vary"), "Origin");
}

TEST(Cors, vary_keeps_what_the_handler_said) {
  Response response;
  response.headers.add("Vary", "Accept-Encoding");
  Cors({kOrigin}).allow(from(kOrigin), response);
  EXPECT_EQ(response.headers.joined("Vary"), "Accept-Encoding, Origin");
}

TEST(Cors, a_star_allows_any_origin_and_does_not_vary) {
  const Cors cors({"*"});
  for (const Response& response : {allowed(cors, kStranger), cors.answer_preflight(preflight(kStranger))}) {
    EXPECT_EQ(response.headers.get("Access-Control-Allow-Origin"), "*");
    EXPECT_FALSE(response.headers.contains("Vary"));
  }
  EXPECT_TRUE(says_nothing_of_access(allowed(cors, "")));
}

TEST(Cors, credentials_are_never_allowed) {
  for (const Cors& cors : {Cors({kOrigin}), Cors({"*"})}) {
    EXPECT_FALSE(allowed(cors, kOrigin).headers.contains("Access-Control-Allow-Credentials"));
    EXPECT_FALSE(cors.answer_preflight(preflight(kOrigin)).headers.contains("Access-Control-Allow-Credentials"));
  }
}

TEST(Cors, without_origins_nothing_is_added_at_all) {
  const Cors cors({});
  EXPECT_TRUE(says_nothing_of_access(cors.answer_preflight(preflight(kOrigin))));
  const Response response = allowed(cors, kOrigin);
  EXPECT_EQ(response.headers.begin(), response.headers.end());
}

}  // namespace
}  // namespace codelab::http
