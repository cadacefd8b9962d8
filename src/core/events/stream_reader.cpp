#include "core/events/stream_reader.hpp"

#include <algorithm>
#include <limits>
#include <random>
#include <utility>

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/log.hpp"
#include "base/store_error.hpp"

namespace codelab::core::events {
namespace {

constexpr std::int64_t kLogPage = 200;
/// An event is overtaken by no more than so many.
constexpr std::int64_t kOvertaken = 32;
/// Between two looks at the log while other processes are not heard.
constexpr std::chrono::seconds kPollEvery{1};
/// Between two looks whether they are.
constexpr std::chrono::seconds kListenEvery{2};

bool is_logged(const StreamLine& line) {
  return line.type != EventType::message_delta && line.type != EventType::heartbeat;
}

constexpr int kTriesToRead = 6;

/// Before another try, so that a crowd comes one after the other.
std::chrono::milliseconds spread() {
  thread_local std::minstd_rand random{std::random_device{}()};
  std::uniform_int_distribution<std::int64_t> between(100, 1'000);
  return std::chrono::milliseconds(between(random));
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
/// hub does not know yet has no buffer; a reader without a position starts at the log's end there. Where the log is
/// ahead of a hub that hears of everything, the rest comes soon, and has its place among the pieces that are on their
/// way: it is not read in the log unless it does not come.
base::Task<> StreamReader::join() {
  co_await ports_.hub.follow(scope_, stream_, subscription_);
  const std::int64_t log_end = co_await ports_.log.last_seq(scope_, stream_);
  const auto joined = ports_.hub.join(scope_, stream_, subscription_, options_.since.value_or(Position{}));
  looked_at_ = std::chrono::steady_clock::now();
  texts_.assign(joined.texts.begin(), joined.texts.end());
  // A piece may be here before the event that it stands behind.
  const std::int64_t told = std::max(joined.last_seq, texts_.empty() ? 0 : texts_.back()->position.seq);
  const bool comes = told != 0 && joined.hears_all;
  if (comes) expected_ = log_end;
  begin(joined, told, std::max(told, log_end));
  const bool texts_may_have_ended = options_.since && ports_.hub.connected() && (joined.growing || told < last_seq_);
  if (texts_may_have_ended) co_await recall_ends();
  read_to(comes ? told : std::max(told, log_end), joined);
}

/// An id from beyond the end (of another stream, or from before a restore) is taken for the end. Without one it is the
/// buffer's begin; where a text grows, so far back that its end is seen, also when that was overtaken.
void StreamReader::begin(const StreamHub::Joined& joined, std::int64_t told, std::int64_t end) {
  if (options_.since) {
    const Position start = options_.since->seq > end ? Position{.seq = end} : *options_.since;
    order_.begin(start);
    last_seq_ = start.seq;
    return;
  }
  last_seq_ = joined.buffered.empty() ? (told != 0 ? told : end) : joined.buffered.front()->position.seq - 1;
  const bool overtaken = joined.growing && ports_.hub.connected();
  if (overtaken) last_seq_ = std::clamp<std::int64_t>(told - kOvertaken, 0, last_seq_);
}

/// The reader may have been told at another process of ends that are not told here yet.
base::Task<> StreamReader::recall_ends() {
  std::int64_t at = std::max<std::int64_t>(0, last_seq_ - kOvertaken);
  while (at < last_seq_) {
    const std::int64_t left = last_seq_ - at;
    const auto page = co_await ports_.log.read(scope_, stream_, at, left);
    if (page.empty()) co_return;
    for (const Event& event : page) order_.note(event.body.type, event.body.task);
    at = page.back().seq;
  }
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

/// From the hub's buffer where that has all of it, else from the log.
void StreamReader::read_to(std::int64_t end, const StreamHub::Joined& joined) {
  if (last_seq_ >= end) return;
  const auto& buffered = joined.buffered;
  const std::int64_t from = buffered.empty() ? end + 1 : buffered.front()->position.seq;
  if (from <= last_seq_ + 1 && buffered.back()->position.seq == end) {
    pending_.assign(std::next(buffered.begin(), last_seq_ + 1 - from), buffered.end());
    last_seq_ = end;
  } else {
    catching_up_ = true;
    catch_up_to_ = end;
  }
}

/// Where a whole crowd of readers looks at once, after an interruption, not all are served at once.
base::Task<std::vector<Event>> StreamReader::read_page() {
  for (int tries = 1;; ++tries) {
    try {
      co_return co_await ports_.log.read(scope_, stream_, last_seq_, kLogPage);
    } catch (const base::StoreError& failure) {
      if (tries == kTriesToRead) throw;
      base::log::warning("stream_not_read", {{"stream_id", stream_.str()}, {"reason", failure.what()}});
    }
    boost::asio::steady_timer pause(co_await boost::asio::this_coro::executor, spread());
    co_await pause.async_wait(boost::asio::use_awaitable);
  }
}

base::Task<StreamReader::Lines> StreamReader::catch_up() {
  const auto page = co_await read_page();
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
  ports_.hub.has_read(scope_, stream_, last_seq_);
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
  const bool due = look_due();
  missed_ = missed_ || batch.missed || due || (silent && others && heartbeat_due());
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

/// Also while lines come: they do not tell of what others did.
bool StreamReader::look_due() {
  const auto now = std::chrono::steady_clock::now();
  const bool due = is_deaf() && now >= looked_at_ + kPollEvery;
  if (due) looked_at_ = now;
  return due;
}

std::chrono::steady_clock::duration StreamReader::patience() const {
  const auto now = std::chrono::steady_clock::now();
  const auto until_heartbeat = last_line_at_ + options_.heartbeat - now;
  if (is_deaf()) return std::min(until_heartbeat, looked_at_ + kPollEvery - now);
  if (!ports_.hub.connected()) return until_heartbeat;
  return std::min<std::chrono::steady_clock::duration>(until_heartbeat, kListenEvery);
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
