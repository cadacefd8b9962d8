#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "base/cores.hpp"
#include "base/task_group.hpp"
#include "infra/redis/client.hpp"

namespace codelab::infra::redis {

/// Redis for the whole process: one client a core. A call runs on the caller's core; one from any other thread runs on
/// the first core, and its caller's cancellation does not reach it. Thread-safe. Destroyed after the cores have
/// stopped, before they are destroyed.
class Clients {
 public:
  /// Begins to connect as the cores run. Throws boost::system::system_error for a CA file that cannot be read.
  Clients(base::Cores& cores, Options options);
  Clients(const Clients&) = delete;
  Clients& operator=(const Clients&) = delete;

  base::Task<Outcome> call(Command command);
  base::Task<Outcome> call(Command command, std::chrono::milliseconds timeout);
  base::Task<Outcome> eval(Script script, std::vector<std::string> keys, std::vector<std::string> arguments);
  base::Task<Outcome> eval(Script script, std::vector<std::string> keys, std::vector<std::string> arguments,
                           std::chrono::milliseconds timeout);
  /// Waits until the calling core is connected; false when `timeout` came first.
  base::Task<bool> ready(std::chrono::milliseconds timeout);
  /// Closes every connection; what waits ends as `away`. Returns once all coroutines have ended, or false when
  /// `timeout` came first. The cores must run; not called on a core's thread.
  bool stop(std::chrono::milliseconds timeout);

  base::Cores& cores() { return cores_; }
  const Options& options() const { return options_; }
  const TlsContext& tls() const { return tls_; }
  /// For coroutines that use this object; it is drained by stop().
  base::TaskGroup& group() { return group_; }
  /// That core's own; used on its thread only.
  Client& on(std::size_t core) { return *clients_[core]; }

 private:
  /// The core that runs this thread; size() of the cores when none does.
  std::size_t this_core() const;
  SteadyTime deadline_in(std::chrono::milliseconds timeout) const;

  base::Cores& cores_;
  const Options options_;
  TlsContext tls_;
  base::TaskGroup group_{"redis"};
  std::vector<std::shared_ptr<Client>> clients_;
};

}  // namespace codelab::infra::redis
