#pragma once

#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "infra/redis/clients.hpp"
#include "tests/integration/core_runner.hpp"
#include "tests/servers/redis_server.hpp"

namespace codelab::tests {

/// Running cores and their clients, stopped in the right order.
class RedisProcess {
 public:
  explicit RedisProcess(infra::redis::Options options, std::size_t cores = 1)
      : runner(cores), clients(runner.cores(), std::move(options)) {}
  ~RedisProcess() { stop(); }

  /// Before what the clients' coroutines use goes.
  void stop() { EXPECT_TRUE(clients.stop(std::chrono::seconds(30))); }

  infra::redis::Outcome call(std::vector<std::string> words) {
    return runner.run(clients.on(0).call({.words = std::move(words)}, deadline()));
  }
  CoreRunner::Running<infra::redis::Outcome> start(std::vector<std::string> words) {
    return start(std::move(words), clients.options().call_timeout);
  }
  CoreRunner::Running<infra::redis::Outcome> start(std::vector<std::string> words, std::chrono::milliseconds timeout) {
    return runner.start(clients.on(0).call({.words = std::move(words)}, std::chrono::steady_clock::now() + timeout));
  }
  bool ready() { return runner.run(clients.on(0).ready(deadline())); }

  static infra::redis::SteadyTime deadline() { return std::chrono::steady_clock::now() + std::chrono::seconds(20); }

  CoreRunner runner;
  infra::redis::Clients clients;
};

/// What docs/redis.md gives a user of one server, for `acl setuser`.
inline const std::string kDocumentedRights =
    "resetkeys resetchannels '~codelab:*' '&codelab:*' -@all +@read +@write +@scripting +@pubsub +@connection +time";

inline infra::redis::Failure::Kind kind_of(const infra::redis::Outcome& outcome) { return outcome.error().kind; }

}  // namespace codelab::tests
