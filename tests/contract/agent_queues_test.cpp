#include <memory>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/contract/caches.hpp"
#include "tests/contract/run_task.hpp"

namespace codelab::tests {
namespace {

using core::bus::Place;
using core::bus::QueueBounds;
using core::bus::Ticket;
using testing::ElementsAre;
using testing::IsEmpty;

class AgentQueuesContract : public testing::TestWithParam<QueuesKind> {
 protected:
  /// Every other one comes to another process.
  core::bus::AgentQueues& any() { return ++asked_ % 2 == 0 ? queues_->here() : queues_->there(); }

  Ticket ticket(const base::SessionId& session) const {
    return {.scope = user_, .agent = agent_, .session = session, .task = base::TaskId::generate()};
  }
  Ticket ticket() const { return ticket(base::SessionId::generate()); }
  Place enter(const Ticket& ticket) { return run_task(any().enter(ticket, bounds_)); }
  void leave(const Ticket& ticket) { run_task(any().leave(ticket, bounds_)); }
  std::vector<base::TaskId> begun(std::vector<Ticket> waiting) {
    return run_task(any().look_after({}, std::move(waiting), bounds_));
  }

  std::unique_ptr<Queues> queues_ = GetParam().make();
  core::identity::UserScope user_ = core::identity::ScopeIssuer::open(base::UserId::generate());
  base::AgentId agent_ = base::AgentId::generate();
  QueueBounds bounds_{.running = 2, .waiting = 3};
  int asked_ = 0;
};

INSTANTIATE_TEST_SUITE_P(Over, AgentQueuesContract, testing::ValuesIn(queues_kinds()),
                         [](const auto& kind) { return kind.param.name; });

TEST_P(AgentQueuesContract, GivesSlotsThenPlacesThenNothing) {
  for (const Place place : {Place::running, Place::running, Place::waiting, Place::waiting, Place::waiting,
                            Place::refused, Place::refused}) {
    EXPECT_EQ(enter(ticket()), place);
  }
  agent_ = base::AgentId::generate();
  EXPECT_EQ(enter(ticket()), Place::running);
}

TEST_P(AgentQueuesContract, TwiceIsOnce) {
  const Ticket first = ticket();
  EXPECT_EQ(enter(first), Place::running);
  EXPECT_EQ(enter(first), Place::running);
  EXPECT_EQ(enter(ticket()), Place::running);
  const Ticket third = ticket();
  EXPECT_EQ(enter(third), Place::waiting);
  EXPECT_EQ(enter(third), Place::waiting);
  leave(first);
  leave(first);
  EXPECT_THAT(begun({third}), ElementsAre(third.task));
  EXPECT_EQ(enter(third), Place::running);
}

TEST_P(AgentQueuesContract, ASlotThatComesFreeGoesToTheSessionThatWasServedLongestAgo) {
  bounds_ = {.running = 1, .waiting = 10};
  const auto greedy = base::SessionId::generate();
  const auto modest = base::SessionId::generate();
  const Ticket running = ticket(greedy);
  const Ticket greedy_first = ticket(greedy);
  const Ticket greedy_second = ticket(greedy);
  const Ticket modest_first = ticket(modest);
  const Ticket modest_second = ticket(modest);
  std::vector<Ticket> waiting{greedy_first, greedy_second, modest_first, modest_second};
  EXPECT_EQ(enter(running), Place::running);
  for (const Ticket& each : waiting) EXPECT_EQ(enter(each), Place::waiting);
  EXPECT_THAT(begun(waiting), IsEmpty());
  Ticket last = running;
  for (const Ticket& next : {modest_first, greedy_first, modest_second, greedy_second}) {
    leave(last);
    EXPECT_THAT(begun(waiting), ElementsAre(next.task));
    std::erase_if(waiting, [&](const Ticket& each) { return each.task == next.task; });
    last = next;
    if (waiting.empty()) break;
  }
}

TEST_P(AgentQueuesContract, WhoGivesUpWaitingMakesRoom) {
  for (int i = 0; i < 2; ++i) enter(ticket());
  const Ticket impatient = ticket();
  EXPECT_EQ(enter(impatient), Place::waiting);
  enter(ticket());
  enter(ticket());
  EXPECT_EQ(enter(ticket()), Place::refused);
  leave(impatient);
  EXPECT_EQ(enter(ticket()), Place::waiting);
}

TEST_P(AgentQueuesContract, AnotherUsersTasksDoNotCount) {
  for (int i = 0; i < 6; ++i) enter(ticket());
  user_ = core::identity::ScopeIssuer::open(base::UserId::generate());
  EXPECT_EQ(enter(ticket()), Place::running);
}

TEST_P(AgentQueuesContract, MoreSlotsAreGivenAtOnce) {
  const Ticket first = ticket();
  const Ticket second = ticket();
  enter(ticket());
  enter(ticket());
  enter(first);
  enter(second);
  bounds_.running = 4;
  EXPECT_THAT(begun({first, second}), ElementsAre(first.task, second.task));
}

TEST_P(AgentQueuesContract, WhatHasLostItsPlaceGetsItAgain) {
  const Ticket running = ticket();
  const Ticket waiting = ticket();
  bounds_.running = 1;
  EXPECT_THAT(run_task(any().look_after({running}, {waiting}, bounds_)), IsEmpty());
  EXPECT_EQ(enter(running), Place::running);
  leave(running);
  EXPECT_THAT(begun({waiting}), ElementsAre(waiting.task));
}

TEST_P(AgentQueuesContract, WhatRunsIsNotPutBehindOthersThoughThereAreTooMany) {
  const Ticket first = ticket();
  const Ticket second = ticket();
  bounds_ = {.running = 1, .waiting = 1};
  EXPECT_THAT(run_task(any().look_after({first, second}, {}, bounds_)), IsEmpty());
  EXPECT_EQ(enter(second), Place::running);
  const Ticket third = ticket();
  EXPECT_EQ(enter(third), Place::waiting);
  leave(first);
  EXPECT_THAT(begun({third}), IsEmpty());
  leave(second);
  EXPECT_THAT(begun({third}), ElementsAre(third.task));
}

}  // namespace
}  // namespace codelab::tests
