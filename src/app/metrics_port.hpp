#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "http/gateway.hpp"
#include "http/handlers/service/service.hpp"
#include "http/server/server.hpp"

namespace codelab::app {

/// /metrics on an address of its own, and nothing else there. Its requests do not count among those of the API.
class MetricsPort {
 public:
  /// All outlive it.
  MetricsPort(base::Cores& cores, const http::server::ServerLimits& limits, http::Gateway::Ports ports,
              http::handlers::ServiceHandlers& service);

  /// As Server::start().
  void start(const std::string& host, std::uint16_t port) { server_.start(host, port); }
  std::uint16_t port() const { return server_.port(); }
  void drain(std::chrono::milliseconds grace) { server_.drain(grace); }

 private:
  class Unobserved final : public http::server::ServerObserver {
   public:
    void connection_opened() noexcept override {}
    void connection_closed() noexcept override {}
    void request_done(const http::server::RequestRecord&) noexcept override {}
    void stream_opened() noexcept override {}
    void stream_closed() noexcept override {}
  };

  Unobserved observer_;
  http::Gateway gateway_;
  http::server::Server server_;
};

}  // namespace codelab::app
