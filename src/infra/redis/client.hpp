#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/task.hpp"
#include "base/task_group.hpp"
#include "infra/redis/options.hpp"
#include "infra/redis/reply.hpp"
#include "infra/redis/script.hpp"
#include "infra/redis/transport.hpp"

namespace codelab::infra::redis {

struct Command {
  std::vector<std::string> words;
  /// One of the keys that it touches, which must all lie in the same slot. Empty: any server may answer.
  std::string key = {};
};

/// Redis as one core sees it, whatever stands behind: a server, a master found by sentinels, a cluster. Used on its
/// core's thread only. Nothing it does throws; every call ends by its deadline.
class Client {
 public:
  virtual ~Client() = default;
  virtual base::Task<Outcome> call(Command command, SteadyTime deadline) = 0;
  /// Runs a script by its digest, and sends its source when the server does not know it. `keys` is not empty, and its
  /// keys lie in one slot.
  base::Task<Outcome> eval(Script script, std::vector<std::string> keys, std::vector<std::string> arguments,
                           SteadyTime deadline);
  /// Waits until commands can be sent; false at the deadline.
  virtual base::Task<bool> ready(SteadyTime deadline) = 0;
  virtual bool connected() const = 0;
  /// Of a cluster, those that serve slots as far as is known; else none.
  virtual std::vector<Endpoint> nodes() const { return {}; }
  /// Ends what waits and closes the connections.
  virtual void stop() = 0;
};

/// The client for that address; it begins to connect. Its coroutines belong to `group`.
std::shared_ptr<Client> make_client(const base::Executor& executor, const Options& options, const TlsContext& tls,
                                    base::TaskGroup& group);

}  // namespace codelab::infra::redis
