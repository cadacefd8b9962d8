#include "app/metrics.hpp"

#include <gtest/gtest.h>

#include "http/route.hpp"

namespace codelab::app {
namespace {

struct Handlers {
  base::Task<http::Response> open_one(http::ApiRequest) { co_return http::Response{}; }
};

/// Counts what is passed on.
struct Passed final : core::events::EventRelay {
  void committed(const core::events::Event&) noexcept override { ++count; }
  int count = 0;
};

TEST(Metrics, events_are_counted_by_type_and_passed_on) {
  Passed passed;
  Metrics metrics(passed);
  metrics.committed({.body = {.type = core::events::EventType::task_failed}});
  EXPECT_EQ(passed.count, 1);
  EXPECT_TRUE(metrics.text().contains(R"(codelab_events_total{type="TASK_FAILED"} 1)"));
  EXPECT_TRUE(metrics.text().contains(R"(codelab_events_total{type="TASK_COMPLETED"} 0)"));
}

TEST(Metrics, the_time_that_tasks_wait_is_counted) {
  Passed passed;
  Metrics metrics(passed);
  metrics.turn_came(std::chrono::seconds{3});
  metrics.refused();
  EXPECT_TRUE(metrics.text().contains("codelab_agent_wait_seconds_sum 3"));
  EXPECT_TRUE(metrics.text().contains("codelab_agent_queue_refusals_total 1"));
}

TEST(Metrics, the_time_of_a_request_is_counted_at_its_route) {
  Handlers handlers;
  std::vector<http::Route> routes;
  routes.push_back(http::open<&Handlers::open_one>(http::Method::get, "/health", handlers, {}));
  routes.push_back(http::open<&Handlers::open_one>(http::Method::post, "/things/{id}", handlers, {}));
  Passed passed;
  Metrics metrics(passed);
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

TEST(Metrics, a_model_has_a_label_of_its_own_only_when_it_is_known) {
  Passed passed;
  Metrics metrics(passed);
  metrics.set_models({"gpt-4o-mini"});
  for (const std::string_view model : {"gpt-4o-mini", "invented-by-a-user", "another-one"}) {
    metrics.call_started(model);
    metrics.call_finished({.model = model});
    metrics.retry(model, "rate_limited");
    metrics.breaker_state(model, core::models::BreakerState::open);
  }
  const std::string text = metrics.text();
  EXPECT_TRUE(text.contains(R"(codelab_model_calls_total{model="gpt-4o-mini",outcome="ok"} 1)")) << text;
  EXPECT_TRUE(text.contains(R"(codelab_model_calls_total{model="other",outcome="ok"} 2)")) << text;
  EXPECT_TRUE(text.contains(R"(codelab_model_breaker_open{model="other"} 1)")) << text;
  EXPECT_FALSE(text.contains("invented"));
}

}  // namespace
}  // namespace codelab::app
