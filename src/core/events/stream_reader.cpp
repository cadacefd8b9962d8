#include "core/events/stream_reader.hpp"

#include <algorithm>
#include <limits>
#include <utility>

namespace codelab::core::events {
namespace {

constexpr std::int64_t kLogPage = 200;
/// Between two looks at the log while other processes are not heard.
constexpr std::chrono::seconds kPollEvery{1};
/// Between two looks whether they are.
constexpr std::chrono::seconds kListenEvery{2};

bool is_logged(const StreamLine& line) {
  return line.type != EventType::message_delta && line.type != EventType::heartbeat;
}

constexpr Position kEnd{.seq = std::numeric_limits<std::int64_t>::max()};

}  // namespace

StreamReader::StreamReader(Ports ports, identity::UserScope scope, StreamId stream, Options options,
                           std::shared_ptr<Subscription> subscription)
    : ports_(ports),
      scope_(scope),
      stream_(stream),
      options_(std::move(options)),
      subscription_(std::move(subscription)) {}

base::Task<std::vector<LinePtr>> StreamReader::next() {
  if (!started_) {
    started_ = true;
    auto lines = first();
    if (!lines.empty()) co_return passed_on(std::move(lines));
  }
  while (!ended_) {
    Lines lines;
    if (catching_up_) {
      lines = co_await catch_up();
    } else {
      lines = co_await live();
    }
    if (!lines.empty()) co_return passed_on(std::move(lines));
  }
  co_return Lines{};
}

StreamReader::Lines StreamReader::passed_on(Lines lines) {
  last_line_at_ = std::chrono::steady_clock::now();
  return lines;
}

/// Joins first and reads the past afterwards: what is committed meanwhile waits in the subscription. A stream that the
/// hub does not know yet has no buffer; such a reader starts at the log's end as it was just before. With other
/// processes the log may be ahead of the hub: then the rest is read there.
base::Task<> StreamReader::join() {
  co_await ports_.hub.follow(scope_, stream_, subscription_);
  const std::int64_t log_end = co_await ports_.log.last_seq(scope_, stream_);
  auto joined = ports_.hub.join(scope_, stream_, subscription_, options_.since.value_or(Position{}));
  texts_.assign(joined.texts.begin(), joined.texts.end());
  const std::int64_t known_end = std::max(joined.last_seq, log_end);
  // An id from beyond the end (of another stream, or from before a restore) is taken for the end.
  Position start = options_.since.value_or(Position{.seq = known_end});
  if (start.seq > known_end) start = {.seq = known_end};
  last_seq_ = start.seq;
  if (options_.since) order_.begin(start);
  // While a text grows, what is in the log but not here yet has its place among the pieces that are on their way;
  // unless pieces from behind it are here already.
  const bool in_order = joined.texts.empty() || joined.texts.back()->position.seq <= joined.last_seq;
  const bool comes = joined.growing && in_order && ports_.hub.is_live(scope_);
  // Whoever was to tell it may be gone.
  if (comes) expected_ = log_end;
  if (joined.last_seq != 0 && joined.last_seq < log_end && !comes) {
    read_log_to(log_end, joined);
  } else if (!options_.since && joined.last_seq != 0) {
    last_seq_ = joined.last_seq;
    pending_.assign(joined.buffered.begin(), joined.buffered.end());
  } else {
    resume_from(joined, log_end);
  }
}

/// The hub knows less than the log: all of it is read there.
void StreamReader::read_log_to(std::int64_t log_end, const StreamHub::Joined& joined) {
  const std::int64_t buffered_from =
      joined.buffered.empty() ? joined.last_seq : joined.buffered.front()->position.seq - 1;
  if (!options_.since) last_seq_ = buffered_from;
  catching_up_ = last_seq_ < log_end;
  if (catching_up_) catch_up_to_ = log_end;
}

StreamReader::Lines StreamReader::first() {
  Lines lines;
  if (catching_up_) return lines;
  for (const LinePtr& line : pending_) {
    add_texts_before(line->position, lines);
    pass(line, lines);
  }
  pending_.clear();
  add_texts_before(kEnd, lines);
  return lines;
}

/// From the hub's buffer where it reaches back far enough, else from the log.
void StreamReader::resume_from(const StreamHub::Joined& joined, std::int64_t log_end) {
  if (joined.last_seq == 0) {
    // No further: what is committed from here on is told, and the pieces of texts come before their end.
    catching_up_ = last_seq_ < log_end;
    if (catching_up_) catch_up_to_ = log_end;
    return;
  }
  if (joined.last_seq <= last_seq_) return;
  const auto first_new =
      std::ranges::find_if(joined.buffered, [this](const LinePtr& line) { return line->position.seq > last_seq_; });
  const bool reaches_back = std::distance(first_new, joined.buffered.end()) == joined.last_seq - last_seq_;
  if (reaches_back) {
    pending_.assign(first_new, joined.buffered.end());
    last_seq_ = joined.last_seq;
  } else {
    catching_up_ = true;
    catch_up_to_ = joined.last_seq;
  }
}

base::Task<StreamReader::Lines> StreamReader::catch_up() {
  const auto page = co_await ports_.log.read(scope_, stream_, last_seq_, kLogPage);
  Lines lines;
  if (page.empty() && catch_up_to_ && last_seq_ < *catch_up_to_) {
    ended_ = true;  // what was announced is not in the log: the stream was deleted
    co_return lines;
  }
  for (const Event& event : page) {
    if (catch_up_to_ && event.seq > *catch_up_to_) break;
    add_texts_before({.seq = event.seq}, lines);
    pass(std::make_shared<const StreamLine>(make_line(event)), lines);
    last_seq_ = event.seq;
  }
  const bool reached = catch_up_to_ ? last_seq_ >= *catch_up_to_ : false;
  if (reached || page.empty()) {
    // Without a bound, all that was missed has been read.
    const bool missed = std::exchange(missed_, false);
    catching_up_ = reached && missed;
    catch_up_to_.reset();
    add_texts_before(kEnd, lines);
    while (!pending_.empty() && !catching_up_) {
      const LinePtr line = std::move(pending_.front());
      pending_.pop_front();
      add_live(line, lines);
    }
  }
  co_return lines;
}

base::Task<StreamReader::Lines> StreamReader::live() {
  const auto batch = co_await subscription_->next(patience());
  Lines lines;
  for (const LinePtr& line : batch.lines) {
    if (catching_up_) {
      pending_.push_back(line);
    } else {
      add_live(line, lines);
    }
  }
  if (batch.state == Subscription::State::slow) {
    ended_ = true;
    lines.push_back(unlogged(EventType::error, R"({"code":"slow_consumer","detail":"this reader fell too far behind; )"
                                               R"(resume from the last id that it saw"})"));
    co_return lines;
  }
  if (batch.state == Subscription::State::closed) {
    ended_ = true;
    co_return lines;
  }
  const bool silent = lines.empty() && !catching_up_;
  const bool others = ports_.hub.connected();
  const bool access_due = others && std::chrono::steady_clock::now() >= access_checked_at_ + options_.heartbeat;
  if (batch.access_changed || access_due) {
    const bool allowed = co_await check_access();
    if (!allowed) co_return lines;
  }
  if (silent && heartbeat_due()) lines.push_back(unlogged(EventType::heartbeat, "{}"));
  missed_ = missed_ || batch.missed || (silent && others && (is_deaf() || heartbeat_due()));
  if (!catching_up_) catching_up_ = std::exchange(missed_, false);
  co_return lines;
}

base::Task<bool> StreamReader::check_access() {
  access_checked_at_ = std::chrono::steady_clock::now();
  if (!options_.may_read) co_return true;
  const bool allowed = co_await options_.may_read();
  ended_ = !allowed;
  co_return allowed;
}

/// Others are not heard, or what they had done before this began is not told.
bool StreamReader::is_deaf() const { return !ports_.hub.is_live(scope_) || last_seq_ < expected_; }

std::chrono::steady_clock::duration StreamReader::patience() const {
  const auto until_heartbeat = last_line_at_ + options_.heartbeat - std::chrono::steady_clock::now();
  if (!ports_.hub.connected()) return until_heartbeat;
  return std::min<std::chrono::steady_clock::duration>(until_heartbeat, is_deaf() ? kPollEvery : kListenEvery);
}

void StreamReader::add_texts_before(Position position, Lines& out) {
  while (!texts_.empty() && texts_.front()->position < position) {
    pass(texts_.front(), out);
    texts_.pop_front();
  }
}

/// A gap before a line (a relay was overtaken, or its stream was forgotten meanwhile) is read from the log. To wait for
/// it to be told would change nothing: the bus places a piece behind every event that was published before it.
void StreamReader::add_live(const LinePtr& line, Lines& out) {
  const bool logged = is_logged(*line);
  if (logged && line->position.seq <= last_seq_) return;
  const std::int64_t before = logged ? line->position.seq - 1 : line->position.seq;
  if (before > last_seq_) {
    catching_up_ = true;
    catch_up_to_ = before;
    pending_.push_front(line);
    return;
  }
  if (logged) last_seq_ = line->position.seq;
  pass(line, out);
}

void StreamReader::pass(const LinePtr& line, Lines& out) {
  if (order_.pass(*line)) out.push_back(line);
}

LinePtr StreamReader::unlogged(EventType type, std::string payload) const {
  const NewEvent body{.type = type, .payload = std::move(payload)};
  const Position last = std::max(order_.last(), Position{.seq = last_seq_});
  return std::make_shared<const StreamLine>(make_unlogged_line(stream_, last, body, ports_.clock.now()));
}

}  // namespace codelab::core::events
