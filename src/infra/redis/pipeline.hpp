#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <string>

#include <boost/asio/steady_timer.hpp>

#include "base/task.hpp"
#include "infra/redis/options.hpp"
#include "infra/redis/reply.hpp"

namespace codelab::infra::redis {

/// One caller and what it waits for.
class PendingCall {
 public:
  explicit PendingCall(const base::Executor& executor) : wake_(executor) {}

  /// Wakes the caller.
  void finish(Outcome outcome);
  /// Until the answer or the deadline, whichever is first. The caller's cancellation ends the wait too.
  base::Task<> wait_until(SteadyTime deadline);
  bool finished() const { return finished_; }
  Outcome take() { return std::move(outcome_); }

  /// Nobody waits any more: what was not sent need not be.
  bool abandoned = false;
  /// The server may have seen it.
  bool sent = false;

 private:
  boost::asio::steady_timer wake_;
  Outcome outcome_;
  bool finished_ = false;
};
using PendingCallPtr = std::shared_ptr<PendingCall>;

/// The commands of one connection in their order: those that wait to be sent, and those whose replies are to come.
/// Knows no socket. Not thread-safe.
class Pipeline {
 public:
  Pipeline(std::size_t max_commands, std::size_t max_bytes) : max_commands_(max_commands), max_bytes_(max_bytes) {}

  /// `bytes` hold the command, behind `preludes` commands whose own replies are of no interest. False past the bounds.
  bool add(PendingCallPtr call, std::string bytes, int preludes = 0);

  /// Past the bounds too: for the question whether anybody is there to answer all the others.
  void add_unbounded(PendingCallPtr call, std::string bytes, int preludes = 0);

  bool has_output() const { return !waiting_.empty(); }
  /// The bytes to send next, in one piece; their commands count as sent from here on. May be empty.
  std::string take_output();

  /// The reply to the oldest command sent; false when there is none.
  bool answer(Reply reply);

  /// The connection is gone. What was sent ends as lost; what waits goes on waiting.
  void fail_sent(const std::string& reason);
  /// What waits ends as away.
  void fail_waiting(const std::string& reason);

  std::size_t size() const { return waiting_.size() + sent_.size(); }

 private:
  struct Waiting {
    PendingCallPtr call;
    std::string bytes;
    int preludes;
  };
  struct Sent {
    PendingCallPtr call;
    int preludes;
  };

  const std::size_t max_commands_;
  const std::size_t max_bytes_;
  std::deque<Waiting> waiting_;
  std::size_t waiting_bytes_ = 0;
  std::deque<Sent> sent_;
};

}  // namespace codelab::infra::redis
