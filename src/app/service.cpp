#include "app/service.hpp"

#include <boost/asio/steady_timer.hpp>

#include "app/readiness.hpp"
#include "app/usable.hpp"
#include "config/origins.hpp"
#include "http/openapi.hpp"

namespace codelab::app {
namespace {

constexpr std::chrono::milliseconds kLastCall{1'000};

http::server::ServerLimits limits_of(const config::Settings& settings) {
  http::server::ServerLimits limits;
  limits.body_bytes = static_cast<std::size_t>(settings.max_body_bytes);
  limits.connections = static_cast<std::size_t>(settings.max_connections);
  limits.request_time = std::chrono::seconds{settings.request_timeout_seconds};
  return limits;
}

http::Gateway::Ports ports_of(const config::Settings& settings, Platform& platform) {
  return {.authenticator = platform.authenticator,
          .limiter = platform.shared->limiter(),
          .proxies = usable(http::TrustedProxies::parse(settings.trusted_proxies), "server.trusted_proxies")};
}

}  // namespace

Service::Service(const config::Settings& settings, Platform& platform)
    : settings_(settings),
      platform_(platform),
      accounts_(platform.accounts),
      agents_(platform.agents),
      sessions_(platform.sessions),
      messages_(platform.poster, platform.storage->messages(), platform.storage->tasks(), platform.auth_sessions),
      stream_(platform.session_streams, std::chrono::seconds{settings.stream_heartbeat_seconds}),
      tasks_(platform.storage->tasks(), platform.cancellation),
      orchestration_(platform.orchestrators, platform.storage->plans(), platform.plan_editor, platform.cancellation),
      approvals_(platform.approvals),
      memory_(platform.agents, platform.memory, platform.memories.store(), platform.clock),
      service_(*this, CODELAB_VERSION),
      gateway_(ports_of(settings, platform), make_router(), http::Cors(config::split_origins(settings.cors_origins)),
               settings.rate_limit_per_minute),
      server_(platform.cores, limits_of(settings), gateway_, platform.metrics) {
  if (!settings.metrics_apart()) return;
  metrics_port_.emplace(platform.cores, limits_of(settings), ports_of(settings, platform), service_);
}

http::Router Service::make_router() {
  auto routes = http::make_routes({.accounts = accounts_,
                                   .agents = agents_,
                                   .sessions = sessions_,
                                   .messages = messages_,
                                   .stream = stream_,
                                   .tasks = tasks_,
                                   .orchestration = orchestration_,
                                   .approvals = approvals_,
                                   .memory = memory_,
                                   .service = service_});
  if (!settings_.metrics_apart()) routes.push_back(http::make_metrics_route(service_));
  http::Router router(std::move(routes));
  platform_.metrics.set_routes(router.routes());
  service_.publish(http::openapi_document(router.routes(), CODELAB_VERSION));
  return router;
}

void Service::start() {
  if (metrics_port_) metrics_port_->start(settings_.metrics_host, static_cast<std::uint16_t>(settings_.metrics_port));
  server_.start(settings_.host, static_cast<std::uint16_t>(settings_.port));
}

void Service::announce_drain() {
  draining_ = true;
  server_.announce_drain();
}

void Service::drain(std::chrono::milliseconds grace) {
  draining_ = true;
  // Posts that still wait shortly before the end are told to follow their task later: it runs on, or is recovered.
  boost::asio::steady_timer last_call(platform_.cores.executor(0), grace - kLastCall);
  last_call.async_wait([&hub = platform_.hub](const boost::system::error_code& error) {
    if (!error) hub.close_all();
  });
  server_.drain(grace);
  if (metrics_port_) metrics_port_->drain(kLastCall);
}

base::Task<http::handlers::Readiness> Service::readiness() {
  auto readiness = co_await readiness_of(platform_);
  if (draining_) readiness.status = "draining";
  co_return readiness;
}

}  // namespace codelab::app
