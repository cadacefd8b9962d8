#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "infra/redis/stream_bus.hpp"
#include "tests/integration/redis/redis_fixture.hpp"

namespace codelab::tests {

/// Remembers what a bus says, and waits for it.
class HeardOnBus final : public core::events::BusListener {
 public:
  using Event = core::events::Event;
  using TextPiece = core::events::TextPiece;
  using StreamId = core::events::StreamId;

  void event_arrived(const Event& event) noexcept override {
    add([&] { events.push_back(event); });
  }
  void text_arrived(const base::UserId&, StreamId, const TextPiece& piece) noexcept override {
    add([&] { pieces.push_back(piece); });
  }
  void events_missed(const base::UserId&, StreamId, std::optional<std::int64_t> up_to) noexcept override {
    add([&] { missed.push_back(up_to); });
  }
  void access_changed(const base::UserId& user) noexcept override {
    add([&] { changed_users.push_back(user); });
  }

  /// Runs `look` under the lock whenever something was heard, until it says true.
  void wait_until(const std::function<bool()>& look) {
    std::unique_lock lock(mutex_);
    if (changed_.wait_for(lock, kWatchdog, look)) return;
    std::fputs("watchdog: what a test waits for is not heard\n", stderr);
    std::abort();
  }
  void wait_for_event(std::int64_t seq) {
    wait_until([&] { return !events.empty() && events.back().seq >= seq; });
  }
  std::vector<std::int64_t> seqs() {
    const std::scoped_lock lock(mutex_);
    std::vector<std::int64_t> seqs;
    for (const Event& each : events) seqs.push_back(each.seq);
    return seqs;
  }

  std::vector<Event> events;
  std::vector<TextPiece> pieces;
  std::vector<std::optional<std::int64_t>> missed;
  std::vector<base::UserId> changed_users;

 private:
  template <class Add>
  void add(Add add) {
    {
      const std::scoped_lock lock(mutex_);
      add();
    }
    changed_.notify_all();
  }

  std::mutex mutex_;
  std::condition_variable changed_;
};

/// A process with a bus.
class BusProcess {
 public:
  explicit BusProcess(const std::string& url, infra::redis::StreamBufferLimits limits = {})
      : process_(redis_options(url), 2), bus(process_.clients, heard, limits) {}
  ~BusProcess() {
    bus.stop();
    process_.stop();
  }

  core::events::StreamBus::Following follow(const core::identity::UserScope& user, core::events::StreamId stream) {
    return process_.runner.run(bus.follow(user, stream));
  }
  core::events::StreamBus::Recent recent(const core::identity::UserScope& user, core::events::StreamId stream) {
    return process_.runner.run(bus.recent(user, stream));
  }
  /// Both cores are connected.
  void ready() {
    for (std::size_t core = 0; core < 2; ++core) {
      ASSERT_TRUE(process_.runner.run(process_.clients.on(core).ready(RedisProcess::deadline()), core));
    }
  }

 private:
  RedisProcess process_;

 public:
  HeardOnBus heard;
  infra::redis::RedisStreamBus bus;
};

class StreamBusTest : public testing::Test {
 protected:
  core::events::Event event(std::int64_t seq,
                            core::events::EventType type = core::events::EventType::task_progress) const {
    return {.user = user_.user(), .stream = stream_, .seq = seq, .body = {.type = type, .task = task_}, .at = {}};
  }
  core::events::TextPiece piece(std::int64_t after_seq, std::int64_t offset, std::string text) const {
    return {.task = task_,
            .agent = "coder",
            .message = message_,
            .place = {.seq = after_seq},
            .offset = offset,
            .text = std::move(text)};
  }
  std::string channel() const { return infra::redis::StreamNames{user_.user(), stream_}.channel(); }
  static std::vector<std::int64_t> numbers(std::int64_t from, std::int64_t to) {
    std::vector<std::int64_t> all;
    for (std::int64_t each = from; each <= to; ++each) all.push_back(each);
    return all;
  }

  RedisServer server_;
  core::identity::UserScope user_ = core::identity::ScopeIssuer::open(base::UserId::generate());
  core::events::StreamId stream_ = core::events::StreamId::generate();
  base::TaskId task_ = base::TaskId::generate();
  base::MessageId message_ = base::MessageId::generate();
};

}  // namespace codelab::tests
