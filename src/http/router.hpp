#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http/route.hpp"
#include "http/target.hpp"

namespace codelab::http {

/// Finds the route of a request. Immutable after it is built: thread-safe.
class Router {
 public:
  explicit Router(std::vector<Route> routes);

  struct Match {
    /// Null when no route has this path with this method.
    const Route* route = nullptr;
    /// As Response::route.
    std::size_t number = 0;
    std::vector<std::pair<std::string_view, std::string>> params;
    /// The methods that the path has, for 405; empty when it has none.
    std::string allowed;
  };
  /// HEAD finds the route of GET. A literal segment wins over a parameter.
  Match find(Method method, const Target& target) const;

  const std::vector<Route>& routes() const { return routes_; }

 private:
  struct Pattern {
    std::size_t route;
    std::vector<std::string_view> segments;
  };

  std::vector<Route> routes_;
  std::vector<Pattern> patterns_;
};

}  // namespace codelab::http
