#include <atomic>
#include <mutex>
#include <thread>

#include <gtest/gtest.h>

#include "tests/integration/redis/stream_bus_fixture.hpp"

namespace codelab::tests {
namespace {

using core::events::Event;
using core::events::StreamId;
using core::events::TextPiece;

/// A log of one stream: its newest event.
class OneStreamLog {
 public:
  std::int64_t append() { return ++last_; }
  std::int64_t last() const { return last_; }

 private:
  std::atomic<std::int64_t> last_{0};
};

/// A reader that keeps to what the bus asks of its readers, and to nothing else.
class CarefulReader final : public core::events::BusListener {
 public:
  explicit CarefulReader(const OneStreamLog& log) : log_(log) {}

  void event_arrived(const Event& event) noexcept override {
    const std::scoped_lock lock(mutex_);
    if (event.seq <= last_) return;
    if (event.seq > last_ + 1) read_log(event.seq - 1);
    pass_on(event.seq);
    ++from_bus_;
  }
  void text_arrived(const base::UserId&, StreamId, const TextPiece&) noexcept override {}
  void events_missed(const base::UserId&, StreamId, std::optional<std::int64_t> up_to) noexcept override {
    const std::scoped_lock lock(mutex_);
    read_log(up_to.value_or(log_.last()));
  }
  void access_changed(const base::UserId&) noexcept override {}

  /// As a reader begins: behind follow().
  void begin() {
    const std::scoped_lock lock(mutex_);
    read_log(log_.last());
  }
  std::int64_t last() {
    const std::scoped_lock lock(mutex_);
    return last_;
  }
  bool in_order() const { return in_order_; }
  int from_bus() const { return from_bus_; }

 private:
  void read_log(std::int64_t up_to) {
    EXPECT_LE(up_to, log_.last());
    while (last_ < up_to) pass_on(last_ + 1);
  }
  void pass_on(std::int64_t seq) {
    in_order_ = in_order_ && seq == last_ + 1;
    last_ = seq;
  }

  const OneStreamLog& log_;
  std::mutex mutex_;
  std::int64_t last_ = 0;
  std::atomic<bool> in_order_ = true;
  std::atomic<int> from_bus_ = 0;
};

/// The writer goes on through several restarts of the server and then falls silent: the reader has everything, once,
/// without ever looking at the log of its own accord.
TEST_F(StreamBusTest, LosesAndDoublesNothingThroughOutages) {
  OneStreamLog log;
  CarefulReader reader(log);
  BusProcess here(server_.url());
  RedisProcess there(redis_options(server_.url()));
  infra::redis::RedisStreamBus bus(there.clients, reader);
  const auto following = there.runner.run(bus.follow(user_, stream_));
  reader.begin();
  const auto caught_up = [&] {
    const auto watchdog = std::chrono::steady_clock::now() + kWatchdog;
    while (reader.last() < log.last() && std::chrono::steady_clock::now() < watchdog) std::this_thread::yield();
    ASSERT_EQ(reader.last(), log.last());
  };
  constexpr int kOutages = 5;
  for (int outage = 0; outage < kOutages; ++outage) {
    for (int i = 0; i < 50; ++i) here.bus.publish(event(log.append()));
    caught_up();
    std::atomic<bool> is_back = false;
    std::thread writer([&] {
      while (!is_back) {
        here.bus.publish(event(log.append()));
        // As fast as this machine serves a call, not faster.
        here.recent(user_, stream_);
      }
    });
    server_.stop();
    server_.start();
    here.ready();
    is_back = true;
    writer.join();
    caught_up();
  }
  EXPECT_TRUE(reader.in_order());
  EXPECT_GT(reader.from_bus(), 20);
  bus.stop();
  there.stop();
}

}  // namespace
}  // namespace codelab::tests
