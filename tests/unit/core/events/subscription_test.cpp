#include "core/events/subscription.hpp"

#include <thread>

#include "tests/unit/core/events/stream_fixture.hpp"

namespace codelab::core::events {
namespace {

using codelab::tests::event_of;
using codelab::tests::payloads;
using State = Subscription::State;
constexpr std::chrono::hours kLong{1};

class SubscriptionTest : public codelab::tests::StreamTest {
 protected:
  LinePtr line(std::string_view payload, std::optional<base::TaskId> task = std::nullopt,
               EventType type = EventType::task_progress) {
    NewEvent event = event_of(payload, task);
    event.type = type;
    return std::make_shared<const StreamLine>(make_unlogged_line(stream_, {.seq = 1}, event, clock_.now()));
  }
};

TEST_F(SubscriptionTest, lines_come_out_in_the_order_in_which_they_went_in) {
  const auto queue = subscription();
  for (const char* payload : {"{\"n\":1}", "{\"n\":2}", "{\"n\":3}"}) queue->push(line(payload));
  const auto batch = taken(*queue);
  EXPECT_EQ(payloads(batch.lines), numbers(1, 3));
  EXPECT_EQ(batch.state, State::open);
  EXPECT_TRUE(taken(*queue).lines.empty());
}

TEST_F(SubscriptionTest, a_reader_that_waits_wakes_at_the_first_line) {
  const auto queue = subscription();
  const auto reading = loop_.start(queue->next(kLong));
  EXPECT_FALSE(reading->ended());
  queue->push(line("{}"));
  loop_.settle();
  ASSERT_TRUE(reading->ended());
  EXPECT_EQ(reading->take().lines.size(), 1);
}

TEST_F(SubscriptionTest, a_reader_that_waits_wakes_when_it_is_closed) {
  const auto queue = subscription();
  const auto reading = loop_.start(queue->next(kLong));
  queue->close();
  loop_.settle();
  ASSERT_TRUE(reading->ended());
  EXPECT_EQ(reading->take().state, State::closed);
}

TEST_F(SubscriptionTest, a_line_from_another_thread_wakes_the_reader) {
  const auto queue = subscription();
  const auto reading = loop_.start(queue->next(kLong));
  std::thread writer([&] { queue->push(line("{}")); });
  loop_.run_until([&] { return reading->ended(); });
  writer.join();
  EXPECT_EQ(reading->take().lines.size(), 1);
}

TEST_F(SubscriptionTest, a_timeout_gives_an_empty_open_batch) {
  const auto queue = subscription();
  const auto batch = loop_.run(queue->next(std::chrono::milliseconds{1}));
  EXPECT_TRUE(batch.lines.empty());
  EXPECT_EQ(batch.state, State::open);
}

TEST_F(SubscriptionTest, what_came_before_the_close_is_still_read) {
  const auto queue = subscription();
  queue->push(line("{\"n\":1}"));
  queue->close();
  queue->push(line("{\"n\":2}"));
  const auto batch = taken(*queue);
  EXPECT_EQ(payloads(batch.lines), numbers(1, 1));
  EXPECT_EQ(batch.state, State::closed);
}

TEST_F(SubscriptionTest, one_line_more_than_its_bound_makes_it_slow_and_drops_what_waits) {
  const auto queue = subscription({}, {.lines = 2});
  for (int i = 0; i < 2; ++i) queue->push(line("{}"));
  const auto full = subscription({}, {.lines = 2});
  for (int i = 0; i < 3; ++i) full->push(line("{}"));
  EXPECT_EQ(taken(*queue).state, State::open);
  const auto batch = taken(*full);
  EXPECT_EQ(batch.state, State::slow);
  EXPECT_TRUE(batch.lines.empty());
}

TEST_F(SubscriptionTest, the_bound_in_bytes_counts_what_waits_not_what_was_read) {
  const std::size_t size = line("{}")->json.size();
  const auto queue = subscription({}, {.bytes = size + size / 2});
  for (int i = 0; i < 3; ++i) {
    queue->push(line("{}"));
    EXPECT_EQ(taken(*queue).state, State::open);
  }
  queue->push(line("{}"));
  queue->push(line("{}"));
  EXPECT_EQ(taken(*queue).state, State::slow);
}

TEST_F(SubscriptionTest, only_lines_of_interest_go_in) {
  const auto mine = base::TaskId::generate();
  const auto queue = subscription({.task = mine, .deltas = false});
  queue->push(line("{\"n\":1}", mine));
  queue->push(line("{\"n\":2}", base::TaskId::generate()));
  queue->push(line("{\"n\":3}"));
  queue->push(line("{\"n\":4}", mine, EventType::message_delta));
  EXPECT_EQ(payloads(taken(*queue).lines), numbers(1, 1));
}

TEST_F(SubscriptionTest, a_reader_that_fell_behind_stays_slow_when_it_is_closed_too) {
  const auto queue = subscription({}, {.lines = 0});
  queue->push(line("{}"));
  queue->close();
  EXPECT_EQ(taken(*queue).state, State::slow);
}

}  // namespace
}  // namespace codelab::core::events
