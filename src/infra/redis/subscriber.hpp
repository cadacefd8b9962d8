#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/task_group.hpp"
#include "infra/redis/dialer.hpp"
#include "infra/redis/pipeline.hpp"

namespace codelab::infra::redis {

/// What a subscriber hears, on its executor's thread; must return quickly.
class ChannelListener {
 public:
  virtual ~ChannelListener() = default;
  virtual void message(std::string_view channel, std::string_view payload) noexcept = 0;
  /// Messages of this channel may not have come; from now on they do.
  virtual void resumed(const std::string& channel) noexcept = 0;
};

/// The connection for subscriptions. It is replaced when it breaks, for ever, until stop(); the channels are then
/// subscribed again. Used on its executor's thread only, but for is_live(). Its coroutines belong to `group` and keep
/// it alive.
class Subscriber : public std::enable_shared_from_this<Subscriber> {
 public:
  /// Starts to connect. `listener` outlives the coroutines.
  static std::shared_ptr<Subscriber> start(std::unique_ptr<Dialer> dialer, base::TaskGroup& group,
                                           ChannelListener& listener);
  Subscriber(std::unique_ptr<Dialer> dialer, base::TaskGroup& group, ChannelListener& listener);

  /// One more follower of that channel: each needs its unfollow(). The first subscribes.
  void follow(const std::string& channel);
  /// One less; the last unsubscribes.
  void unfollow(const std::string& channel);
  /// As if each channel that is subscribed had been interrupted and stood again.
  void resume_all();
  /// Waits until what is published to a followed channel arrives; false at the deadline, or at once while the server
  /// is away: then resumed() comes later.
  base::Task<bool> subscribed(std::string channel, SteadyTime deadline);

  /// Thread-safe.
  bool is_live() const { return live_; }
  std::size_t channels() const { return channels_.size(); }
  void stop();

 private:
  using Self = std::shared_ptr<Subscriber>;
  struct Channel {
    std::size_t followers = 0;
    /// Commands about it whose confirmation is to come.
    std::size_t unconfirmed = 0;
    bool subscribed = false;
    /// Somebody relies on it and messages may have been missed.
    bool interrupted = false;
    std::vector<PendingCallPtr> waiting;
  };

  static base::Task<> run(Self self);
  static base::Task<> write(Self self, std::shared_ptr<Link> link);
  static base::Task<> keep_alive(Self self, std::shared_ptr<Link> link);
  base::Task<> serve(std::shared_ptr<Link> link);
  void send(std::vector<std::string> words);
  /// False for an error, such as a channel that this user may not hear: nothing would ever come.
  bool hear(const Reply& reply);
  void confirm(const std::string& name, bool subscription);
  void subscribe_all();
  void connection_lost();

  std::unique_ptr<Dialer> dialer_;
  base::TaskGroup& group_;
  ChannelListener& listener_;
  std::shared_ptr<Link> link_;
  std::string output_;
  boost::asio::steady_timer output_ready_;
  boost::asio::steady_timer ping_;
  bool heard_ = false;
  bool stopped_ = false;
  bool away_ = false;
  std::atomic<bool> live_{false};
  std::unordered_map<std::string, Channel> channels_;
};

}  // namespace codelab::infra::redis
