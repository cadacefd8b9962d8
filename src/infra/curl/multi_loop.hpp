#pragma once

#include <memory>
#include <unordered_map>
#include <vector>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/system/error_code.hpp>

#include "base/task.hpp"

namespace codelab::infra::curl {

class Transfer;

/// A libcurl multi handle whose sockets and timer are watched by one single-threaded executor. Everything is called
/// on that executor's thread. Transfers share its ownership, so that it outlives each of them.
class MultiLoop : public std::enable_shared_from_this<MultiLoop> {
 public:
  explicit MultiLoop(const base::Executor& executor);
  ~MultiLoop();
  MultiLoop(const MultiLoop&) = delete;
  MultiLoop& operator=(const MultiLoop&) = delete;

  /// Starts `transfer`; may be called from inside a sink. A failure ends the transfer.
  void add(Transfer& transfer);
  /// Forgets it, whatever its state. Never called for a running transfer from inside a sink.
  void remove(Transfer& transfer);

  const base::Executor& executor() const { return executor_; }

 private:
  struct Watch;
  using WatchPtr = std::shared_ptr<Watch>;

  static int on_socket(void* easy, int socket, int interest, void* self, void* unused);
  static int on_timer(void* multi, long delay_ms, void* self);

  void watch(int socket, int interest);
  void unwatch(int socket);
  void arm(const WatchPtr& watch);
  void wait(const WatchPtr& watch, bool for_read);
  void ready(const WatchPtr& watch, bool for_read, const boost::system::error_code& failure);
  /// Lets curl work on `socket`, then hands out what has ended.
  void act(int socket, int events);
  void start(Transfer& transfer);
  void start_deferred();
  void collect_finished();

  base::Executor executor_;
  boost::asio::steady_timer timer_;
  void* multi_;
  std::unordered_map<int, WatchPtr> watches_;
  /// True while curl is on the stack: it must not be entered again.
  bool inside_ = false;
  std::vector<Transfer*> deferred_;
};

}  // namespace codelab::infra::curl
