#include "app/metrics_port.hpp"

#include <utility>
#include <vector>

#include "http/routes.hpp"

namespace codelab::app {
namespace {

http::Router router_of(http::handlers::ServiceHandlers& service) {
  std::vector<http::Route> routes;
  routes.push_back(http::make_metrics_route(service));
  return http::Router(std::move(routes));
}

}  // namespace

MetricsPort::MetricsPort(base::Cores& cores, const http::server::ServerLimits& limits, http::Gateway::Ports ports,
                         http::handlers::ServiceHandlers& service)
    : gateway_(std::move(ports), router_of(service), http::Cors({}), 0, http::Gateway::Pages::none),
      server_(cores, limits, gateway_, observer_) {}

}  // namespace codelab::app
