#include "core/bus/agent_bus.hpp"

#include <gtest/gtest.h>

#include "infra/inprocess/agent_queues.hpp"
#include "tests/unit/fakes/gate.hpp"
#include "tests/unit/fakes/hand_loop.hpp"

namespace codelab::core::bus {
namespace {

const auto kLongFromNow = std::chrono::steady_clock::now() + std::chrono::hours{1};

/// Answers looks at one agent's queue only when the gate is open.
class SlowQueues final : public AgentQueues {
 public:
  base::Task<Place> enter(Ticket, QueueBounds) override { co_return Place::waiting; }
  base::Task<std::vector<base::TaskId>> look_after(std::vector<Ticket>, std::vector<Ticket> waiting,
                                                   QueueBounds) override {
    if (waiting.front().agent == slow) {
      ++slow_looks;
      co_await gate.pass();
    }
    std::vector<base::TaskId> begun;
    for (const Ticket& each : waiting) begun.push_back(each.task);
    co_return begun;
  }
  base::Task<> leave(Ticket, QueueBounds) override { co_return; }

  const base::AgentId slow = base::AgentId::generate();
  int slow_looks = 0;
  tests::Gate gate{false};
};

class CountingObserver final : public BusObserver {
 public:
  void refused() noexcept override { ++refusals; }

  int refusals = 0;
};

class AgentBusTest : public testing::Test {
 protected:
  ~AgentBusTest() override { loop_.settle(); }

  base::Result<AgentBus::Turn> enter() {
    Ticket ticket{
        .scope = user_, .agent = agent_, .session = base::SessionId::generate(), .task = base::TaskId::generate()};
    return loop_.run(bus_.enter(std::move(ticket), {.running = 1, .waiting = 2}));
  }

  const identity::UserScope user_ = identity::ScopeIssuer::open(base::UserId::generate());
  const base::AgentId agent_ = base::AgentId::generate();
  infra::inprocess::InProcessAgentQueues queues_;
  tests::HandLoop loop_;
  base::TaskGroup group_{"bus"};
  CountingObserver observer_;
  AgentBus bus_{queues_, observer_, group_, loop_.executor()};
};

TEST_F(AgentBusTest, a_turn_comes_when_the_one_before_it_ends) {
  auto first = enter();
  auto second = enter();
  ASSERT_TRUE(first && second);
  EXPECT_TRUE(first->has_come());
  const auto waiting = loop_.start(second->come(kLongFromNow));
  EXPECT_FALSE(waiting->ended());
  EXPECT_EQ(bus_.counts().waiting, 1);
  {
    const auto done = std::move(*first);
  }
  loop_.settle();
  EXPECT_TRUE(waiting->ended());
  EXPECT_TRUE(second->has_come());
  EXPECT_EQ(bus_.counts().running, 1);
}

TEST_F(AgentBusTest, one_that_gives_up_waiting_leaves_the_queue) {
  auto first = enter();
  {
    auto second = enter();
    const auto waiting = loop_.start(second->come(kLongFromNow));
    waiting->cancel();
    loop_.run_until([&] { return waiting->ended(); });
    EXPECT_THROW(waiting->take(), boost::system::system_error);
  }
  loop_.settle();
  EXPECT_EQ(bus_.counts().waiting, 0);
  {
    const auto done = std::move(*first);
  }
  loop_.settle();
  EXPECT_TRUE(enter()->has_come());
}

TEST_F(AgentBusTest, a_full_queue_refuses_and_says_when_to_come_again) {
  std::vector<AgentBus::Turn> turns;
  for (int i = 0; i < 3; ++i) turns.push_back(std::move(enter().value()));
  const auto refused = enter();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, base::ErrorCode::queue_full);
  EXPECT_TRUE(refused.error().retry_after);
}

TEST_F(AgentBusTest, a_turn_that_came_free_elsewhere_is_found_by_looking) {
  const Ticket elsewhere{
      .scope = user_, .agent = agent_, .session = base::SessionId::generate(), .task = base::TaskId::generate()};
  const QueueBounds bounds{.running = 1, .waiting = 2};
  EXPECT_EQ(loop_.run(queues_.enter(elsewhere, bounds)), Place::running);
  auto turn = enter();
  const auto waiting = loop_.start(turn->come(kLongFromNow));
  const auto looking = loop_.start(bus_.run());
  loop_.run(queues_.leave(elsewhere, bounds));
  loop_.run_until([&] { return waiting->ended(); });
  looking->cancel();
  loop_.run_until([&] { return looking->ended(); });
}

TEST_F(AgentBusTest, who_waits_learns_that_its_turn_has_not_come_in_time) {
  auto first = enter();
  auto second = enter();
  EXPECT_EQ(loop_.run(first->come(kLongFromNow)), AgentBus::Came::yes);
  EXPECT_EQ(loop_.run(second->come(std::chrono::steady_clock::now() + std::chrono::milliseconds{1})),
            AgentBus::Came::not_yet);
  EXPECT_EQ(bus_.counts().waiting, 1);
}

TEST_F(AgentBusTest, a_place_may_be_given_back_early) {
  auto first = enter();
  auto second = enter();
  first->leave();
  loop_.settle();
  EXPECT_TRUE(second->has_come());
  EXPECT_EQ(bus_.counts().running, 1);
}

TEST_F(AgentBusTest, one_that_stepped_aside_is_not_kept_out_by_those_that_came_later) {
  auto first = enter();
  loop_.run(first->step_aside());
  auto second = enter();
  auto third = enter();
  auto fourth = enter();
  EXPECT_TRUE(second->has_come());
  ASSERT_FALSE(enter()) << "the queue is full";
  const auto back = loop_.start(first->come_back());
  EXPECT_EQ(bus_.counts().waiting, 3);
  EXPECT_EQ(observer_.refusals, 1) << "it was not refused";
  for (auto* turn : {&second, &third, &fourth}) {
    (*turn)->leave();
    loop_.settle();
  }
  loop_.run_until([&] { return back->ended(); });
  EXPECT_EQ(bus_.counts().running, 1);
}

TEST_F(AgentBusTest, once_turns_are_stopped_nobody_waits_and_what_runs_keeps_its_place) {
  auto first = enter();
  auto second = enter();
  const auto waiting = loop_.start(second->come(kLongFromNow));
  bus_.stop_turns();
  loop_.run_until([&] { return waiting->ended(); });
  EXPECT_EQ(waiting->take(), AgentBus::Came::never);
  auto third = enter();
  EXPECT_EQ(loop_.run(third->come(kLongFromNow)), AgentBus::Came::never);
  EXPECT_EQ(bus_.counts().running, 1);
  first->leave();
  loop_.settle();
  EXPECT_FALSE(second->has_come());
  EXPECT_FALSE(third->has_come());
}

TEST_F(AgentBusTest, queues_that_are_slow_for_one_agent_delay_no_other) {
  SlowQueues queues;
  base::TaskGroup group("slow");
  BusObserver observer;
  AgentBus bus(queues, observer, group, loop_.executor(), {.waiting = std::chrono::milliseconds{1}, .running = {}});
  const auto enter = [&](base::AgentId agent) {
    Ticket ticket{
        .scope = user_, .agent = agent, .session = base::SessionId::generate(), .task = base::TaskId::generate()};
    return loop_.run(bus.enter(std::move(ticket), {}));
  };
  auto slow = enter(queues.slow);
  const auto looking = loop_.start(bus.run());
  loop_.run_until([&] { return queues.slow_looks > 0; });
  auto quick = enter(base::AgentId::generate());
  EXPECT_EQ(loop_.run(quick->come(kLongFromNow)), AgentBus::Came::yes);
  EXPECT_FALSE(slow->has_come());
  EXPECT_EQ(queues.slow_looks, 1);
  queues.gate.open();
  EXPECT_EQ(loop_.run(slow->come(kLongFromNow)), AgentBus::Came::yes);
  looking->cancel();
  loop_.run_until([&] { return looking->ended(); });
  slow->leave();
  quick->leave();
  loop_.settle();
}

}  // namespace
}  // namespace codelab::core::bus
