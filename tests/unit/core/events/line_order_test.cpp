#include "core/events/line_order.hpp"

#include <gtest/gtest.h>

namespace codelab::core::events {
namespace {

class LineOrderTest : public testing::Test {
 protected:
  static StreamLine event(std::int64_t seq, EventType type, const base::TaskId& task) {
    return {.position = {.seq = seq}, .type = type, .task = task, .json = "{}"};
  }
  StreamLine delta(Position position) const { return delta(position, task_, message_); }
  static StreamLine delta(Position position, const base::TaskId& task, const base::MessageId& message) {
    return {.position = position, .type = EventType::message_delta, .task = task, .message = message, .json = "{}"};
  }

  LineOrder order_;
  const base::TaskId task_ = base::TaskId::generate();
  const base::MessageId message_ = base::MessageId::generate();
};

TEST_F(LineOrderTest, pieces_that_were_passed_on_before_are_dropped_and_their_text_goes_on) {
  order_.begin({.seq = 4, .delta = 9});
  EXPECT_FALSE(order_.pass(delta({.seq = 4, .delta = 5})));
  EXPECT_FALSE(order_.pass(delta({.seq = 4, .delta = 9})));
  EXPECT_TRUE(order_.pass(delta({.seq = 4, .delta = 10})));
  EXPECT_EQ(order_.last(), (Position{.seq = 4, .delta = 10}));
}

TEST_F(LineOrderTest, a_text_with_a_piece_that_is_late_is_given_up_and_no_other) {
  const auto task = base::TaskId::generate();
  const auto message = base::MessageId::generate();
  EXPECT_TRUE(order_.pass(delta({.seq = 4, .delta = 3})));
  EXPECT_TRUE(order_.pass(event(5, EventType::tool_call, task)));
  EXPECT_FALSE(order_.pass(delta({.seq = 4, .delta = 6})));
  EXPECT_FALSE(order_.pass(delta({.seq = 5, .delta = 9})));
  EXPECT_TRUE(order_.pass(delta({.seq = 5, .delta = 12}, task, message)));
  EXPECT_TRUE(order_.pass(event(6, EventType::message_created, task_)));
}

TEST_F(LineOrderTest, no_text_grows_once_its_task_has_ended_until_that_begins_again) {
  for (const auto type :
       {EventType::message_created, EventType::task_completed, EventType::task_failed, EventType::task_cancelled}) {
    LineOrder order;
    EXPECT_TRUE(order.pass(event(1, type, task_)));
    EXPECT_FALSE(order.pass(delta({.seq = 1, .delta = 3})));
    EXPECT_TRUE(order.pass(delta({.seq = 1, .delta = 4}, base::TaskId::generate(), base::MessageId::generate())));
    EXPECT_TRUE(order.pass(event(2, EventType::task_started, task_)));
    EXPECT_TRUE(order.pass(delta({.seq = 2, .delta = 7}, task_, base::MessageId::generate())));
  }
}

TEST_F(LineOrderTest, a_text_that_was_given_up_stays_so_when_its_task_begins_again) {
  EXPECT_TRUE(order_.pass(event(2, EventType::task_started, task_)));
  EXPECT_FALSE(order_.pass(delta({.seq = 1, .delta = 3})));
  EXPECT_TRUE(order_.pass(event(3, EventType::task_started, task_)));
  EXPECT_FALSE(order_.pass(delta({.seq = 3, .delta = 6})));
  EXPECT_TRUE(order_.pass(delta({.seq = 3, .delta = 9}, task_, base::MessageId::generate())));
}

TEST_F(LineOrderTest, what_is_only_noted_ends_texts_and_moves_nothing) {
  order_.note(EventType::message_created, task_);
  order_.note(EventType::message_created, std::nullopt);
  EXPECT_EQ(order_.last(), Position{});
  EXPECT_FALSE(order_.pass(delta({.seq = 1, .delta = 3})));
}

}  // namespace
}  // namespace codelab::core::events
