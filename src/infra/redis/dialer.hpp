#pragma once

#include <memory>
#include <string>

#include <boost/asio/steady_timer.hpp>

#include "infra/redis/backoff.hpp"
#include "infra/redis/endpoints.hpp"
#include "infra/redis/link.hpp"

namespace codelab::infra::redis {

/// Makes one connection after another: where, as whom, how long to wait after a failure. Says in the log when the
/// server goes away and when it is back, once each. Used on one thread.
class Dialer {
 public:
  /// `purpose` names the connection in the log. `tls` may be null.
  Dialer(base::Executor executor, Options options, TlsContext tls, std::unique_ptr<EndpointSource> source,
         std::string purpose);

  base::Task<OpenedLink> dial();
  /// Before the next attempt; stop() ends it.
  base::Task<> pause();
  /// The last connection was of use: the next failure begins with the shortest pause.
  void worked() { backoff_.reset(); }
  /// The connection broke; `reason` is for the log.
  void broke(const std::string& reason);
  void stop() { timer_.cancel(); }

  const base::Executor& executor() const { return executor_; }
  const Options& options() const { return options_; }

 private:
  base::Executor executor_;
  Options options_;
  TlsContext tls_;
  std::unique_ptr<EndpointSource> source_;
  std::string purpose_;
  Backoff backoff_;
  boost::asio::steady_timer timer_;
  bool told_away_ = false;
};

}  // namespace codelab::infra::redis
