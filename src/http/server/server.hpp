#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/cores.hpp"
#include "base/task_group.hpp"
#include "http/message.hpp"
#include "http/server/limits.hpp"
#include "http/server/observer.hpp"

namespace codelab::http::server {

class Worker;
struct Shared;

/// An HTTP/1.1 server on one address. Every core has its own acceptor (SO_REUSEPORT), and a connection lives on the
/// core that accepted it.
class Server {
 public:
  /// `cores`, `handler` and `observer` outlive the server. All three are used on every core at once.
  Server(base::Cores& cores, const ServerLimits& limits, RequestHandler& handler, ServerObserver& observer);
  /// Drains without grace when drain() was not called.
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// Binds and begins to serve; called once. `host` is an address or a name, port 0 picks a free one. Throws
  /// std::system_error, with the address in its text, when it cannot be listened on; a port that another server
  /// listens on, also with SO_REUSEPORT, is such a case.
  void start(const std::string& host, std::uint16_t port);
  /// The real one, after start().
  std::uint16_t port() const { return port_; }

  /// From now on each answer is the last of its connection. Any thread.
  void announce_drain();
  /// Stops accepting, closes idle connections, ends streams, lets requests in flight finish for `grace`, then
  /// cancels what is left. Blocks the caller, which must not be one of the cores; they must still run. True when
  /// nothing had to be cancelled.
  bool drain(std::chrono::milliseconds grace = std::chrono::seconds(10));

 private:
  base::Cores& cores_;
  std::shared_ptr<Shared> shared_;
  std::vector<std::shared_ptr<Worker>> workers_;
  base::TaskGroup acceptors_{"http.acceptors"};
  base::TaskGroup deadlines_{"http.deadlines"};
  std::uint16_t port_ = 0;
  bool drained_ = false;
};

}  // namespace codelab::http::server
