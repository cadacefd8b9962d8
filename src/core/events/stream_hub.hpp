#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <deque>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "base/clock.hpp"
#include "core/events/growing_text.hpp"
#include "core/events/ports.hpp"
#include "core/events/subscription.hpp"

namespace codelab::core::events {

/// The live side of every stream of this process: hands committed events and growing texts to whoever subscribed, and
/// keeps a short buffer for those who come a little late. It owns nothing: what it forgets is read from the log.
/// A stream is found by its owner's scope and its id together, so a foreign id finds an empty stream. Thread-safe.
class StreamHub final : public EventRelay {
 public:
  struct Limits {
    std::size_t buffered_events = 100;
    std::chrono::seconds buffer_age{300};
    /// For all streams together; past it new events are not buffered until sweep() made room.
    std::size_t buffer_bytes = 64 << 20;
  };

  StreamHub(const base::Clock& clock, Limits limits);

  void committed(const Event& event) noexcept override;

  /// Begins a text that readers see grow; it ends by itself when its message, or the end of its task, is committed.
  void begin_text(const identity::UserScope& scope, StreamId stream, base::TaskId task, std::string agent,
                  base::MessageId message);
  /// For a task that ended without a committed event (its session was deleted).
  void end_text(const identity::UserScope& scope, StreamId stream, const base::TaskId& task);
  void append_text(const identity::UserScope& scope, StreamId stream, const base::TaskId& task, std::string_view text);

  /// What a new subscriber starts from.
  struct Joined {
    /// Events up to this one come from `buffered` or the log, later ones through the subscription. 0: not known here,
    /// the log says.
    std::int64_t last_seq = 0;
    std::vector<LinePtr> buffered;
    /// Of the texts that grow now, what a reader at `since` misses; each goes between the logged events by its
    /// position.
    std::vector<LinePtr> texts;
  };
  /// From now on only.
  void subscribe(const identity::UserScope& scope, StreamId stream, const std::shared_ptr<Subscription>& subscriber);
  Joined join(const identity::UserScope& scope, StreamId stream, const std::shared_ptr<Subscription>& subscriber,
              Position since);

  void close_stream(const identity::UserScope& scope, StreamId stream);
  void close_user(const base::UserId& user);
  void close_login(const base::UserId& user, const base::AuthSessionId& login);
  void close_all();

  /// Drops what is too old and streams that nobody needs. Call it every few seconds.
  void sweep();
  std::size_t subscriber_count() const;

 private:
  struct Key {
    base::UserId user;
    StreamId stream;
    bool operator==(const Key&) const = default;
  };
  struct KeyHash {
    std::size_t operator()(const Key& key) const {
      return std::hash<base::UserId>{}(key.user) * 31 + std::hash<StreamId>{}(key.stream);
    }
  };
  struct Buffered {
    LinePtr line;
    base::Timestamp at;
  };
  struct Channel {
    std::int64_t last_seq = 0;
    std::deque<Buffered> buffer;
    std::vector<std::weak_ptr<Subscription>> subscribers;
    GrowingTexts texts;
  };
  struct Shard {
    mutable std::mutex mutex;
    std::unordered_map<Key, Channel, KeyHash> channels;
  };

  Shard& shard_of(const Key& key) { return shards_[KeyHash{}(key) % shards_.size()]; }
  void deliver(Channel& channel, const LinePtr& line);
  void buffer(Channel& channel, const LinePtr& line, base::Timestamp at);
  template <class Match>
  void close_where(Match&& match);

  const base::Clock& clock_;
  const Limits limits_;
  std::array<Shard, 64> shards_;
  std::atomic<std::size_t> buffered_bytes_{0};
};

}  // namespace codelab::core::events
