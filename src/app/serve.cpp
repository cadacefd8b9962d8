#include "app/serve.hpp"

#include <cstdio>
#include <string>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <fmt/format.h>

#include "app/platform.hpp"
#include "app/service.hpp"
#include "base/log.hpp"
#include "config/unknown_variables.hpp"

namespace codelab::app {
namespace {

constexpr std::chrono::seconds kDrainGrace{10};

void announce(const config::Settings& settings, const Platform& platform, const Service& service) {
  const auto model = platform.model->info();
  base::log::info("listening", {{"host", settings.host},
                                {"port", service.port()},
                                {"metrics_port", service.metrics_port()},
                                {"version", CODELAB_VERSION},
                                {"model", model.name},
                                {"offline", model.offline}});
  const std::string greeting =
      fmt::format("CodeLab Core {} serves http://{}:{}  (API: /docs, model: {})\n", CODELAB_VERSION, settings.host,
                  service.port(), model.offline ? "offline; set OPENAI_API_KEY for a real one" : model.name);
  // Nobody may be there to read it: that is no reason not to serve.
  std::fputs(greeting.c_str(), stdout);
  std::fflush(stdout);
}

void warn_of_unknown_variables() {
  for (const std::string& name : config::unknown_variables(environ)) {
    base::log::warning("unknown_variable", {{"name", name}, {"reason", "it is not a setting; it is ignored"}});
  }
}

/// A front sends nothing more once it has seen that this process is not ready. Another signal ends the wait.
void wait_for_the_front(boost::asio::io_context& loop, boost::asio::signal_set& signals, std::chrono::seconds delay) {
  boost::asio::steady_timer timer(loop, delay);
  timer.async_wait([&](const boost::system::error_code&) { loop.stop(); });
  signals.async_wait([&](const boost::system::error_code&, int) { loop.stop(); });
  loop.restart();
  loop.run();
}

}  // namespace

int serve(const config::Settings& settings) {
  base::log::set_level(settings.parsed_log_level());
  warn_of_unknown_variables();
  boost::asio::io_context signals_loop(1);
  boost::asio::signal_set signals(signals_loop, SIGTERM, SIGINT);

  Platform platform(settings);
  platform.start();
  Service service(settings, platform);
  service.start();
  announce(settings, platform, service);

  signals.async_wait([](const boost::system::error_code&, int) {});
  signals_loop.run();

  base::log::info("draining");
  service.announce_drain();
  if (settings.drain_delay_seconds > 0) {
    wait_for_the_front(signals_loop, signals, std::chrono::seconds{settings.drain_delay_seconds});
  }
  service.drain(kDrainGrace);
  platform.stop(kDrainGrace);
  base::log::info("stopped");
  return 0;
}

}  // namespace codelab::app
