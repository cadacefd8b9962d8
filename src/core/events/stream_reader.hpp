#pragma once

#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "core/events/line_order.hpp"
#include "core/events/ports.hpp"
#include "core/events/stream_hub.hpp"

namespace codelab::core::events {

/// Reads one stream from a position on: the log (or the hub's buffer) first, then live, each logged event once, in
/// order, without gap, and the pieces of texts that grow between them. Used by one coroutine on one executor; close()
/// on the same executor.
class StreamReader {
 public:
  struct Options {
    /// Nothing: the buffered events, then live.
    std::optional<Position> since;
    std::chrono::milliseconds heartbeat{30'000};
    /// Whether it may read on. Asked when another process has changed that, and with each heartbeat while there are
    /// other processes. Without one it always may.
    std::function<base::Task<bool>()> may_read = {};
  };
  struct Ports {
    EventLog& log;
    StreamHub& hub;
    const base::Clock& clock;
  };

  StreamReader(Ports ports, identity::UserScope scope, StreamId stream, Options options,
               std::shared_ptr<Subscription> subscription);

  /// Joins the stream: from here on nothing of it is missed, and what closes its subscribers closes this reader. Once,
  /// before the first next(). A log that is away throws.
  base::Task<> join();
  /// The next lines, at least one: a heartbeat when nothing else came. Empty at the end, which is reached when the
  /// stream is closed, or after a last ERROR line when this reader was too slow.
  base::Task<std::vector<LinePtr>> next();
  void close() { subscription_->close(); }

 private:
  using Lines = std::vector<LinePtr>;

  /// What the reader begins with, unless it has to catch up first.
  Lines first();
  void begin(const StreamHub::Joined& joined, std::int64_t told, std::int64_t end);
  base::Task<> recall_ends();
  void read_to(std::int64_t end, const StreamHub::Joined& joined);
  /// Tries for some seconds; throws base::StoreError when the log stays away.
  base::Task<std::vector<Event>> read_page();
  base::Task<Lines> catch_up();
  base::Task<Lines> live();
  /// Whether this reader still may read; once it may not, it has ended.
  base::Task<bool> check_access();
  bool is_deaf() const;
  /// Whether the log is to be looked into for what is not heard; then it is looked into now.
  bool look_due();
  /// How long to wait for something new.
  std::chrono::steady_clock::duration patience() const;
  bool heartbeat_due() const { return std::chrono::steady_clock::now() >= last_line_at_ + options_.heartbeat; }
  void add_texts_before(Position position, Lines& out);
  void add_live(const LinePtr& line, Lines& out);
  /// Unless that line is late.
  void pass(const LinePtr& line, Lines& out);
  Lines passed_on(Lines lines);
  LinePtr unlogged(EventType type, std::string payload) const;

  Ports ports_;
  identity::UserScope scope_;
  StreamId stream_;
  Options options_;
  std::shared_ptr<Subscription> subscription_;

  bool started_ = false;
  LineOrder order_;
  std::chrono::steady_clock::time_point last_line_at_ = std::chrono::steady_clock::now();
  std::chrono::steady_clock::time_point access_checked_at_ = last_line_at_;
  std::chrono::steady_clock::time_point looked_at_ = last_line_at_;
  bool ended_ = false;
  /// The last logged event that was passed on; events up to catch_up_to_ come from the log.
  std::int64_t last_seq_ = 0;
  /// That far the log went at the start: so much is told or read within kPollEvery.
  std::int64_t expected_ = 0;
  bool catching_up_ = false;
  std::optional<std::int64_t> catch_up_to_;
  /// The log is to be looked into without such a bound.
  bool missed_ = false;
  /// What was missed of texts that grow; each waits for its place between the logged events.
  std::deque<LinePtr> texts_;
  /// Live lines that wait until a gap before them was read from the log.
  std::deque<LinePtr> pending_;
};

}  // namespace codelab::core::events
