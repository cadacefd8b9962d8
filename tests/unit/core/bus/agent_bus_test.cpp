#include "core/bus/agent_bus.hpp"

#include <gtest/gtest.h>

#include "infra/inprocess/agent_queues.hpp"
#include "tests/unit/fakes/hand_loop.hpp"

namespace codelab::core::bus {
namespace {

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
  AgentBus bus_{queues_, group_, loop_.executor()};
};

TEST_F(AgentBusTest, a_turn_comes_when_the_one_before_it_ends) {
  auto first = enter();
  auto second = enter();
  ASSERT_TRUE(first && second);
  EXPECT_TRUE(first->has_come());
  const auto waiting = loop_.start(second->come());
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
    const auto waiting = loop_.start(second->come());
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
  const auto waiting = loop_.start(turn->come());
  const auto looking = loop_.start(bus_.run());
  loop_.run(queues_.leave(elsewhere, bounds));
  loop_.run_until([&] { return waiting->ended(); });
  looking->cancel();
  loop_.run_until([&] { return looking->ended(); });
}

}  // namespace
}  // namespace codelab::core::bus
