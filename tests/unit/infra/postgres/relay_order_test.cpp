#include "infra/postgres/relay_order.hpp"

#include <boost/asio/this_coro.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/task_group.hpp"
#include "tests/contract/run_task.hpp"
#include "tests/contract/store_doubles.hpp"

namespace codelab::infra::postgres {
namespace {

using core::events::Event;
using core::events::StreamId;
using testing::ElementsAre;

class PostgresRelayOrder : public testing::Test {
 protected:
  static std::vector<Event> event(const StreamId& stream, std::int64_t seq) {
    return {{.stream = stream, .seq = seq, .body = {.type = core::events::EventType::task_progress}}};
  }
  std::vector<std::int64_t> told() {
    std::vector<std::int64_t> seqs;
    for (const auto& each : relay.take()) seqs.push_back(each.seq);
    return seqs;
  }

  tests::RecordingRelay relay;
  RelayOrder order{relay};
  const StreamId stream = StreamId::generate();
};

base::Task<> relay_and_note(RelayOrder& order, RelayOrder::Place place, std::vector<Event> events, bool* told) {
  co_await order.relay(std::move(place), std::move(events));
  *told = true;
}

TEST_F(PostgresRelayOrder, WhatIsCommittedInOrderIsToldAtOnce) {
  tests::run_task(order.relay(order.enter(stream), event(stream, 1)));
  tests::run_task(order.relay(order.enter(stream), event(stream, 2)));
  EXPECT_THAT(told(), ElementsAre(1, 2));
}

base::Task<> expect_second_waits(RelayOrder& order, tests::RecordingRelay& relay, StreamId stream, Event one,
                                 Event two) {
  const auto executor = co_await boost::asio::this_coro::executor;
  base::TaskGroup group("early");
  auto first = order.enter(stream);
  auto second = order.enter(stream);
  bool second_is_told = false;
  std::vector<Event> early(1, two);
  group.spawn(executor, relay_and_note(order, std::move(second), std::move(early), &second_is_told));
  EXPECT_FALSE(second_is_told);
  EXPECT_TRUE(relay.take().empty());
  std::vector<Event> late(1, one);
  co_await order.relay(std::move(first), std::move(late));
  EXPECT_EQ(relay.take().size(), 2);
  co_await boost::asio::post(executor, boost::asio::use_awaitable);
  EXPECT_TRUE(second_is_told);
}

TEST_F(PostgresRelayOrder, WhatComesEarlyWaitsForWhatIsBeforeIt) {
  tests::run_task(expect_second_waits(order, relay, stream, event(stream, 1)[0], event(stream, 2)[0]));
}

TEST_F(PostgresRelayOrder, WhatIsUndoneHoldsNobodyUp) {
  {
    const auto undone = order.enter(stream);
    EXPECT_TRUE(told().empty());
  }
  tests::run_task(order.relay(order.enter(stream), event(stream, 1)));
  EXPECT_THAT(told(), ElementsAre(1));
}

TEST_F(PostgresRelayOrder, OneStreamDoesNotWaitForAnother) {
  const auto open = order.enter(stream);
  const auto other = StreamId::generate();
  tests::run_task(order.relay(order.enter(other), event(other, 7)));
  EXPECT_THAT(told(), ElementsAre(7));
}

}  // namespace
}  // namespace codelab::infra::postgres
