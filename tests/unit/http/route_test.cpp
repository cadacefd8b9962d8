#include "http/route.hpp"

#include <gtest/gtest.h>

#include "base/describe/parse_json.hpp"
#include "http/openapi.hpp"
#include "tests/contract/run_task.hpp"

namespace codelab::http {
namespace {

struct Wish {
  std::int64_t count = 3;

  static constexpr std::string_view kName = "Wish";
  static constexpr auto describe() {
    return base::fields(base::field("count", &Wish::count, {.minimum = 1, .maximum = 9}));
  }
};

struct Handlers {
  base::Task<Response> may_wish(ApiRequest, std::optional<Wish> wish) {
    co_return Response{.status = 200, .body = wish ? std::to_string(wish->count) : "none"};
  }
  base::Task<Response> must_wish(ApiRequest, Wish wish) {
    co_return Response{.status = 200, .body = std::to_string(wish.count)};
  }
};

struct RouteTest : testing::Test {
  Response post(const Route& route, std::string body, std::string coding = "") {
    ApiRequest request{.raw = {.method = Method::post, .body = std::move(body)}};
    request.raw.headers.add("Content-Type", "application/json");
    if (!coding.empty()) request.raw.headers.add("Content-Encoding", std::move(coding));
    return tests::run_task(route.handle(std::move(request)));
  }

  Handlers handlers;
  Route may = open<&Handlers::may_wish>(
      Method::post, "/may", handlers,
      {.summary = "May", .query = {parameters::kTopK}, .headers = {parameters::kIdempotencyKey}, .problems = {502}});
  Route must = open<&Handlers::must_wish>(Method::post, "/must", handlers, {.summary = "Must"});
};

TEST_F(RouteTest, a_body_that_is_optional_may_be_absent_and_is_checked_when_it_is_there) {
  EXPECT_EQ(post(may, "").body, "none");
  EXPECT_EQ(post(may, "{}").body, "3");
  EXPECT_EQ(post(may, R"({"count":5})").body, "5");
  EXPECT_EQ(post(may, R"({"count":50})").status, 422);
  EXPECT_EQ(post(may, "{").status, 400);
  EXPECT_EQ(post(must, "").status, 400);
}

TEST_F(RouteTest, a_body_in_a_content_coding_is_not_taken) {
  EXPECT_EQ(post(must, "{}", "gzip").status, 415);
  EXPECT_EQ(post(must, "{}", "br").status, 415);
  EXPECT_EQ(post(must, "{}", "Identity").status, 200);
}

TEST_F(RouteTest, the_document_says_what_a_route_checks_and_how_it_fails) {
  const auto document = base::parse_json(openapi_document({may, must}, "1"));
  ASSERT_TRUE(document);
  const auto& operation = document->at_pointer("/paths/~1may/post");
  EXPECT_EQ(operation.at_pointer("/requestBody/required"), false);
  EXPECT_EQ(document->at_pointer("/paths/~1must/post/requestBody/required"), true);
  EXPECT_EQ(operation.at_pointer("/parameters/0/name"), "top_k");
  EXPECT_EQ(operation.at_pointer("/parameters/0/schema/maximum"), 100);
  EXPECT_EQ(operation.at_pointer("/parameters/0/schema/default"), 10);
  EXPECT_EQ(operation.at_pointer("/parameters/1/in"), "header");
  EXPECT_EQ(operation.at_pointer("/parameters/1/schema/maxLength"), 255);
  EXPECT_TRUE(operation.at("responses").as_object().contains("502"));
  EXPECT_TRUE(operation.at("responses").as_object().contains("415"));
}

}  // namespace
}  // namespace codelab::http
