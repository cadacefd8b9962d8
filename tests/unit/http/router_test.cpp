#include "http/router.hpp"

#include <gtest/gtest.h>

namespace codelab::http {
namespace {

struct Handlers {
  base::Task<Response> open_one(ApiRequest) { co_return Response{}; }
  base::Task<Response> user_one(UserRequest) { co_return Response{}; }
};

Router router(Handlers& handlers) {
  std::vector<Route> routes;
  routes.push_back(mine<&Handlers::user_one>(Method::get, "/my/agents/{agent}/memory/{id}", handlers, {}));
  routes.push_back(mine<&Handlers::user_one>(Method::get, "/my/agents/{agent}/memory/search", handlers, {}));
  routes.push_back(mine<&Handlers::user_one>(Method::post, "/my/agents/", handlers, {}));
  routes.push_back(open<&Handlers::open_one>(Method::get, "/health", handlers, {}));
  return Router(std::move(routes));
}

TEST(Router, a_literal_wins_over_a_parameter_in_whatever_order_they_stand) {
  Handlers handlers;
  const Router routes = router(handlers);
  EXPECT_EQ(routes.find(Method::get, *parse_target("/my/agents/a/memory/search")).route->path(),
            "/my/agents/{agent}/memory/search");
  const auto match = routes.find(Method::get, *parse_target("/my/agents/a/memory/7/"));
  ASSERT_NE(match.route, nullptr);
  EXPECT_EQ(match.params, (decltype(match.params){{"agent", "a"}, {"id", "7"}}));
}

TEST(Router, tells_the_methods_of_a_path_that_has_another) {
  Handlers handlers;
  const auto match = router(handlers).find(Method::del, *parse_target("/my/agents"));
  EXPECT_EQ(match.route, nullptr);
  EXPECT_EQ(match.allowed, "POST");
  EXPECT_EQ(router(handlers).find(Method::get, *parse_target("/nothing")).allowed, "");
}

TEST(Router, head_is_answered_as_get) {
  Handlers handlers;
  const Router routes = router(handlers);
  EXPECT_NE(routes.find(Method::head, *parse_target("/health")).route, nullptr);
}

TEST(Route, nothing_under_my_can_be_open) {
  Handlers handlers;
  EXPECT_THROW(open<&Handlers::open_one>(Method::get, "/my/secrets", handlers, {}), std::logic_error);
  EXPECT_THROW(mine<&Handlers::user_one>(Method::get, "/elsewhere", handlers, {}), std::logic_error);
}

}  // namespace
}  // namespace codelab::http
