#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/events/stream_bus.hpp"
#include "infra/redis/clients.hpp"
#include "infra/redis/stream_publisher.hpp"
#include "infra/redis/subscriber.hpp"

namespace codelab::infra::redis {

/// The stream bus over Redis: publish and subscribe, with a channel for each stream, and a short buffer of each stream
/// beside it. A user's streams are published and heard on the user's home core, each core with one connection for
/// commands and one for subscriptions. Thread-safe. To end: stop(), then Clients::stop(), then it may be destroyed, and
/// `listener` after it.
class RedisStreamBus final : public core::events::StreamBus {
 public:
  RedisStreamBus(Clients& clients, core::events::BusListener& listener, StreamBufferLimits limits = {});
  ~RedisStreamBus() override;

  void publish(const core::events::Event& event) noexcept override;
  void publish_text(const base::UserId& user, core::events::StreamId stream,
                    core::events::TextPiece piece) noexcept override;
  void publish_access_change(const base::UserId& user) noexcept override;
  base::Task<Following> follow(core::identity::UserScope scope, core::events::StreamId stream) override;
  base::Task<Recent> recent(core::identity::UserScope scope, core::events::StreamId stream) override;
  bool is_live(const base::UserId& user) const noexcept override;
  /// Whether Redis took what every core published lately: it may answer, and refuse to write.
  bool takes_everything() const noexcept;

  /// Closes the connections for subscriptions; before Clients::stop(), which then waits for their coroutines.
  void stop();

 private:
  struct Core;
  using CorePtr = std::shared_ptr<Core>;

  static base::Task<> probe(CorePtr core, Clients& clients);
  Core& core_of(const base::UserId& user) const { return *cores_[clients_.cores().home_of(user)]; }
  /// `live`: this process's own readers get it by the bus.
  void post(const StreamNames& names, StreamPublisher::Content content, bool live) noexcept;

  Clients& clients_;
  StreamBufferLimits limits_;
  std::vector<CorePtr> cores_;
};

}  // namespace codelab::infra::redis
