#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/steady_timer.hpp>

#include "base/task.hpp"
#include "core/events/event.hpp"

namespace codelab::core::events {

/// One event as its readers get it: encoded once, shared by all of them.
struct StreamLine {
  Position position;
  EventType type = EventType::error;
  std::optional<base::TaskId> task;
  /// Of a delta: the message whose text it is a piece of.
  std::optional<base::MessageId> message = std::nullopt;
  /// One JSON object without line end; `payload` is its last member.
  std::string json;
  std::size_t payload_offset = 0;

  std::string_view payload() const {
    return std::string_view(json).substr(payload_offset, json.size() - payload_offset - 1);
  }
};
using LinePtr = std::shared_ptr<const StreamLine>;

StreamLine make_line(const Event& event);
/// A line that is not in the log: a delta, a heartbeat, an error of the stream itself.
StreamLine make_unlogged_line(StreamId stream, Position position, const NewEvent& body, base::Timestamp at);

/// Which lines a subscriber wants.
struct Interest {
  /// Only those of this task.
  std::optional<base::TaskId> task;
  bool deltas = true;
};

/// The bounded queue between a stream and one of its readers. push() and close() may be called on any thread and never
/// wait; next() belongs to the reader, on its own executor. A reader that falls behind its bound is closed as slow.
class Subscription : public std::enable_shared_from_this<Subscription> {
 public:
  enum class State : std::uint8_t { open, closed, slow };
  struct Batch {
    std::vector<LinePtr> lines;
    /// Events of other processes may not have come: the log knows.
    bool missed = false;
    /// What this reader may see may have changed elsewhere.
    bool access_changed = false;
    /// Not open: these lines are the last.
    State state = State::open;
  };
  struct Bounds {
    std::size_t lines = 2'048;
    std::size_t bytes = 4 << 20;
  };

  Subscription(const base::Executor& reader, Interest interest, Bounds bounds, base::AuthSessionId owner);

  const Interest& interest() const { return interest_; }
  /// The login that opened it: revoking that closes it.
  const base::AuthSessionId& owner() const { return owner_; }

  void push(const LinePtr& line);
  void close();
  /// Has the reader look at the log.
  void miss();
  /// Has the reader look whether it may read on.
  void change_access();

  /// Waits until there are lines, or one of those looks is due, or the queue is closed; after `timeout` an empty open
  /// batch.
  base::Task<Batch> next(std::chrono::steady_clock::duration timeout);

 private:
  bool ready() const { return !lines_.empty() || missed_ || access_changed_ || state_ != State::open; }
  void wake(std::unique_lock<std::mutex> lock);
  Batch take();

  const Interest interest_;
  const Bounds bounds_;
  const base::AuthSessionId owner_;
  boost::asio::steady_timer timer_;

  std::mutex mutex_;
  std::vector<LinePtr> lines_;
  std::size_t bytes_ = 0;
  State state_ = State::open;
  bool missed_ = false;
  bool access_changed_ = false;
  bool waiting_ = false;
};

}  // namespace codelab::core::events
