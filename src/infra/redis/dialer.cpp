#include "infra/redis/dialer.hpp"

#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/log.hpp"

namespace codelab::infra::redis {

Dialer::Dialer(base::Executor executor, Options options, TlsContext tls, std::unique_ptr<EndpointSource> source,
               std::string purpose)
    : executor_(std::move(executor)),
      options_(std::move(options)),
      tls_(std::move(tls)),
      source_(std::move(source)),
      purpose_(std::move(purpose)),
      backoff_(options_),
      timer_(executor_) {}

base::Task<OpenedLink> Dialer::dial() {
  const SteadyTime deadline = std::chrono::steady_clock::now() + options_.connect_timeout;
  const Greeting greeting{.user = options_.address.user,
                          .password = options_.address.password,
                          .database = options_.address.database,
                          .needs_master = options_.address.mode == Address::Mode::sentinel};
  auto endpoint = co_await source_->next(deadline);
  OpenedLink link = std::unexpected(LinkFault{});
  if (endpoint) {
    link = co_await open_link(executor_, tls_, *endpoint, greeting, deadline);
  } else {
    link = std::unexpected(std::move(endpoint.error()));
  }
  if (!link) {
    broke(link.error().reason);
  } else if (std::exchange(told_away_, false)) {
    base::log::info("redis_back", {{"connection", purpose_}, {"server", endpoint->str()}});
  }
  co_return link;
}

base::Task<> Dialer::pause() {
  timer_.expires_after(backoff_.next());
  co_await timer_.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
}

void Dialer::broke(const std::string& reason) {
  if (std::exchange(told_away_, true)) return;
  base::log::warning("redis_away", {{"connection", purpose_}, {"reason", reason}});
}

}  // namespace codelab::infra::redis
