#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/task_group.hpp"
#include "infra/redis/dialer.hpp"
#include "infra/redis/pipeline.hpp"

namespace codelab::infra::redis {

/// One connection that all callers of its core share: commands are sent as they come, many at once, and answered in
/// that order. It is replaced when it breaks, for ever, until stop().
///
/// A command that comes while the connection is being made waits for it. Once an attempt has failed, commands end as
/// `away` at once, until an attempt succeeds; so they do after a connection on which nothing was answered, or on which
/// the server said that it may not write. A command that was sent when the connection broke ends as `lost`; it is
/// never sent twice.
///
/// Used on its executor's thread only. Its coroutines belong to `group` and keep it alive.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  /// Starts to connect.
  static std::shared_ptr<Connection> start(std::unique_ptr<Dialer> dialer, base::TaskGroup& group);
  Connection(std::unique_ptr<Dialer> dialer, base::TaskGroup& group);

  /// `asking`: with ASKING right before it, for a slot that moves.
  base::Task<Outcome> call(std::vector<std::string> words, SteadyTime deadline, bool asking = false);
  /// Waits until it is connected; false at the deadline.
  base::Task<bool> ready(SteadyTime deadline);
  bool connected() const { return link_ != nullptr; }
  /// Commands that wait for a reply, abandoned ones included.
  std::size_t in_flight() const { return pipeline_.size(); }
  /// Ends what waits, and its coroutines soon after.
  void stop();

 private:
  using Self = std::shared_ptr<Connection>;

  static base::Task<> run(Self self);
  static base::Task<> write(Self self, std::shared_ptr<Link> link);
  static base::Task<> keep_alive(Self self, std::shared_ptr<Link> link);
  base::Task<> serve(std::shared_ptr<Link> link);
  base::Task<> leave_broken(std::string reason, bool was_of_use);
  void wake_waiting_for_link();
  /// However much waits already.
  base::Task<Outcome> ping(SteadyTime deadline);
  base::Task<Outcome> waited(PendingCallPtr call, SteadyTime deadline);
  /// The server says that it is not, or not yet, the one to ask: another may be.
  static bool is_wrong_server(const Outcome& outcome);

  std::unique_ptr<Dialer> dialer_;
  base::TaskGroup& group_;
  Pipeline pipeline_;
  /// Null while there is none.
  std::shared_ptr<Link> link_;
  boost::asio::steady_timer output_;
  boost::asio::steady_timer ping_;
  std::vector<PendingCallPtr> waiting_for_link_;
  /// What the server of this link said when it turned out to be the wrong one.
  std::string wrong_server_;
  /// Replies that ever came.
  std::size_t answers_ = 0;
  bool callers_may_wait_ = true;
  /// Why the last attempt to connect failed.
  std::string away_because_;
  bool stopped_ = false;
};

}  // namespace codelab::infra::redis
