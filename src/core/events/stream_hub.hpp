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
#include "core/events/stream_bus.hpp"
#include "core/events/subscription.hpp"

namespace codelab::core::events {

/// The live side of every stream of this process: hands committed events and growing texts to whoever subscribed, and
/// keeps a short buffer for those who come a little late. It owns nothing: what it forgets is read from the log.
/// A stream is found by its owner's scope and its id together, so a foreign id finds an empty stream. Thread-safe.
///
/// With a bus it tells the other processes, and follows the streams that have readers here. A stream that is followed
/// shows what the bus brings, in its order, this process's own events and texts too; any other, or one while the bus is
/// away, shows what happens in this process as it happens.
class StreamHub final : public EventRelay, public BusListener {
 public:
  struct Limits {
    std::size_t buffered_events = 100;
    std::chrono::seconds buffer_age{300};
    /// For all streams together; past it new events are not buffered until sweep() made room.
    std::size_t buffer_bytes = 64 << 20;
  };

  StreamHub(const base::Clock& clock, Limits limits);

  /// Before anything else happens to it. `bus` lives until disconnect().
  void connect(StreamBus& bus) { bus_ = &bus; }
  /// Follows nothing any more, and tells nobody. Once nothing else is asked of it, while the bus still runs.
  void disconnect();
  /// False: this process is alone, what it does not know has not happened.
  bool connected() const { return bus_.load() != nullptr; }
  /// False: events of other processes do not arrive at present; the log has them.
  bool is_live(const identity::UserScope& scope) const {
    const StreamBus* const bus = bus_;
    return bus == nullptr || bus->is_live(scope.user());
  }

  void committed(const Event& event) noexcept override;
  void event_arrived(const Event& event) noexcept override;
  void text_arrived(const base::UserId& user, StreamId stream, const TextPiece& piece) noexcept override;
  void events_missed(const base::UserId& user, StreamId stream, std::optional<std::int64_t> up_to) noexcept override;
  void access_changed(const base::UserId& user) noexcept override;

  /// Begins a text that readers see grow, until its message, or the end of its task, is committed.
  void begin_text(const identity::UserScope& scope, StreamId stream, base::TaskId task, std::string agent,
                  base::MessageId message);
  /// Nothing for a text that has ended.
  void append_text(const identity::UserScope& scope, StreamId stream, const base::MessageId& message,
                   std::string_view text);
  /// However it ended: every text that is begun is ended.
  void end_text(const identity::UserScope& scope, StreamId stream, const base::MessageId& message);

  /// What a new subscriber starts from.
  struct Joined {
    /// Events up to this one come from `buffered` or the log, later ones through the subscription. 0: not known here,
    /// the log says.
    std::int64_t last_seq = 0;
    std::vector<LinePtr> buffered;
    /// Of the texts that grow now, what a reader at `since` misses; each goes between the logged events by its
    /// position.
    std::vector<LinePtr> texts;
    /// Some text grows now, whether the reader misses anything of it or not.
    bool growing = false;
    /// What is in the log already and not told here comes soon, unless whoever was to tell it is gone.
    bool hears_all = false;
  };
  /// Hears of what other processes do in this stream, as long as it has readers, of whom `reader` will be one. Before
  /// join(), and before the log is read.
  base::Task<> follow(identity::UserScope scope, StreamId stream, std::shared_ptr<Subscription> reader);
  /// From now on only.
  void subscribe(const identity::UserScope& scope, StreamId stream, const std::shared_ptr<Subscription>& subscriber);
  Joined join(const identity::UserScope& scope, StreamId stream, const std::shared_ptr<Subscription>& subscriber,
              Position since);

  /// A reader has read the log up to there: while the bus is away, what this process writes stands behind it.
  void has_read(const identity::UserScope& scope, StreamId stream, std::int64_t seq);

  /// In every process; elsewhere by having the readers look whether they may read on.
  void close_stream(const identity::UserScope& scope, StreamId stream);
  void close_user(const base::UserId& user);
  void close_login(const base::UserId& user, const base::AuthSessionId& login);
  /// In this process.
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
  /// A text that this process writes, and how much of it there is.
  struct Writing {
    base::TaskId task;
    std::string agent;
    base::MessageId message;
    std::int64_t length = 0;
  };
  /// The texts of this task that began before this event have ended.
  struct Ended {
    base::TaskId task;
    std::int64_t seq = 0;
  };
  struct Channel {
    std::int64_t last_seq = 0;
    /// Readers may have events up to there from the log.
    std::int64_t read_seq = 0;
    std::deque<Buffered> buffer;
    std::vector<std::weak_ptr<Subscription>> subscribers;
    /// As readers see them.
    GrowingTexts texts;
    std::vector<Writing> writing;
    /// The stream itself, and the user's own for changes of access.
    std::unique_ptr<Follow> follow;
    std::unique_ptr<Follow> follow_access;
    /// Those that follow and have not joined perhaps.
    std::vector<std::weak_ptr<Subscription>> expected;
    /// How many follow() are on their way, and what arrived since the first began.
    std::size_t following = 0;
    std::vector<TextPiece> early;
    std::size_t early_bytes = 0;
    std::vector<Ended> ended;
  };
  struct Shard {
    mutable std::mutex mutex;
    std::unordered_map<Key, Channel, KeyHash> channels;
  };

  Shard& shard_of(const Key& key) { return shards_[KeyHash{}(key) % shards_.size()]; }
  /// The bus brings back what this process publishes there.
  bool follows_bus(const Key& key, const Channel& channel) const;
  void place(Channel& channel, const Event& event);
  void place(Channel& channel, StreamId stream, const TextPiece& piece);
  static bool has_ended(const Channel& channel, const TextPiece& piece);
  void place_newer(Channel& channel, const std::vector<Event>& events);
  static void keep_early(Channel& channel, const TextPiece& piece);
  /// Its text has ended since the stream began to be followed.
  static bool ended_early(const Channel& channel, const TextPiece& piece);
  static void replace_texts(Channel& channel, const std::vector<TextPiece>& pieces);
  void deliver(Channel& channel, const LinePtr& line);
  void buffer(Channel& channel, const LinePtr& line, base::Timestamp at);
  void refill_buffer(Channel& channel, const std::vector<Event>& events);
  void empty_buffer(Channel& channel);
  static void unfollow(Channel& channel);
  template <class Tell>
  static void for_each_of(Channel& channel, Tell&& tell);
  template <class Match, class Tell>
  void for_each_where(Match&& match, Tell&& tell);
  void tell_access_changed(const base::UserId& user);

  const base::Clock& clock_;
  const Limits limits_;
  std::atomic<StreamBus*> bus_{nullptr};
  std::array<Shard, 64> shards_;
  std::atomic<std::size_t> buffered_bytes_{0};
};

}  // namespace codelab::core::events
