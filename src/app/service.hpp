#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>

#include "app/metrics_port.hpp"
#include "app/platform.hpp"
#include "http/gateway.hpp"
#include "http/routes.hpp"
#include "http/server/server.hpp"

namespace codelab::app {

/// The HTTP side of a platform: handlers, routes, gateway, server.
class Service final : public http::handlers::ServiceState {
 public:
  /// `platform` outlives it.
  Service(const config::Settings& settings, Platform& platform);

  /// Begins to serve; throws when the address cannot be had.
  void start();
  std::uint16_t port() const { return server_.port(); }
  /// Where /metrics is answered.
  std::uint16_t metrics_port() const { return metrics_port_ ? metrics_port_->port() : server_.port(); }
  /// Readiness answers 503 from now on, and no connection is kept; requests are still taken.
  void announce_drain();
  /// Stops taking requests and lets those in flight finish for `grace` (at least a second); posts that wait for an
  /// answer until then get their task. Readiness, asked over a connection that is still open, answers 503.
  void drain(std::chrono::milliseconds grace);

  base::Task<http::handlers::Readiness> readiness() override;
  std::string metrics() override { return platform_.metrics.text(); }

 private:
  http::Router make_router();

  const config::Settings& settings_;
  Platform& platform_;
  std::atomic<bool> draining_{false};

  http::handlers::AccountHandlers accounts_;
  http::handlers::AgentHandlers agents_;
  http::handlers::SessionHandlers sessions_;
  http::handlers::MessageHandlers messages_;
  http::handlers::StreamHandler stream_;
  http::handlers::TaskHandlers tasks_;
  http::handlers::OrchestrationHandlers orchestration_;
  http::handlers::ApprovalHandlers approvals_;
  http::handlers::MemoryHandlers memory_;
  http::handlers::ServiceHandlers service_;
  http::Gateway gateway_;
  http::server::Server server_;
  std::optional<MetricsPort> metrics_port_;
};

}  // namespace codelab::app
