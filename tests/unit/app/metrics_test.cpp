#include "app/metrics.hpp"

#include <gtest/gtest.h>

#include "http/route.hpp"

namespace codelab::app {
namespace {

struct Handlers {
  base::Task<http::Response> open_one(http::ApiRequest) { co_return http::Response{}; }
};

TEST(Metrics, the_time_of_a_request_is_counted_at_its_route) {
  Handlers handlers;
  std::vector<http::Route> routes;
  routes.push_back(http::open<&Handlers::open_one>(http::Method::get, "/health", handlers, {}));
  routes.push_back(http::open<&Handlers::open_one>(http::Method::post, "/things/{id}", handlers, {}));
  Metrics metrics;
  metrics.set_routes(routes);
  for (const std::size_t route : {0, 2, 2}) {
    metrics.request_done({.method = http::Method::post, .status = 200, .route = route});
  }
  const std::string text = metrics.text();
  const std::string family = "codelab_http_request_seconds_count";
  EXPECT_TRUE(text.contains(family + R"({method="OTHER",route="other"} 1)")) << text;
  EXPECT_TRUE(text.contains(family + R"({method="GET",route="/health"} 0)"));
  EXPECT_TRUE(text.contains(family + R"({method="POST",route="/things/{id}"} 2)"));
}

}  // namespace
}  // namespace codelab::app
