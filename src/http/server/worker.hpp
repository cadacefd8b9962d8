#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/task.hpp"
#include "base/task_group.hpp"
#include "http/message.hpp"
#include "http/server/limits.hpp"
#include "http/server/observer.hpp"
#include "http/server/socket.hpp"

namespace codelab::http::server {

class Connection;

/// What all cores of one server have in common.
struct Shared {
  ServerLimits limits;
  RequestHandler& handler;
  ServerObserver& observer;
  std::atomic<std::size_t> open_connections = 0;
  /// Connections are not kept any more.
  std::atomic<bool> leaving = false;
  base::TaskGroup connections{"http.connections"};
};

/// The part of the server that lives on one core: its acceptor, its connections, its clock. Touched only by that
/// core's thread once it runs.
class Worker : public std::enable_shared_from_this<Worker> {
 public:
  Worker(std::shared_ptr<Shared> shared, Acceptor acceptor);

  /// Accepts until begin_drain().
  base::Task<> accept_loop();
  /// Ends connections that are past their deadline, until cancelled.
  base::Task<> watch_deadlines();
  /// Stops accepting and tells every connection.
  void begin_drain();

  void add(Connection& connection);
  void remove(Connection& connection);

  const ServerLimits& limits() const { return shared_->limits; }
  RequestHandler& handler() const { return shared_->handler; }
  ServerObserver& observer() const { return shared_->observer; }
  bool draining() const { return draining_; }
  bool keeps_connections() const { return !draining_ && !shared_->leaving; }
  /// Now, as a Date header has it. Valid until the next call.
  std::string_view date();

 private:
  /// The peers of these believe that they are connected: closing the acceptor would reset them.
  void take_waiting();
  void admit(Socket socket);

  std::shared_ptr<Shared> shared_;
  Acceptor acceptor_;
  std::vector<Connection*> connections_;
  std::string date_;
  std::int64_t date_second_ = -1;
  bool draining_ = false;
};

}  // namespace codelab::http::server
