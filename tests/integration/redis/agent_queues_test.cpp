#include "infra/redis/agent_queues.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "infra/inprocess/agent_queues.hpp"
#include "tests/integration/redis/redis_fixture.hpp"

namespace codelab::tests {
namespace {

using core::bus::Place;
using core::bus::QueueBounds;
using core::bus::Ticket;
using core::identity::ScopeIssuer;
using infra::redis::RedisAgentQueues;
using testing::ElementsAre;
using testing::IsEmpty;

/// One process's queues over a server.
struct QueueProcess {
  explicit QueueProcess(const std::string& url) : QueueProcess(redis_options(url)) {}
  explicit QueueProcess(infra::redis::Options options) : process(std::move(options)) {}
  ~QueueProcess() { process.stop(); }

  Place enter(const Ticket& ticket) { return process.runner.run(queues.enter(ticket, bounds)); }
  void leave(const Ticket& ticket) { process.runner.run(queues.leave(ticket, bounds)); }
  std::size_t counted_alone() const { return queues.counted_alone(); }
  std::vector<base::TaskId> look(std::vector<Ticket> running, std::vector<Ticket> waiting) {
    return process.runner.run(queues.look_after(std::move(running), std::move(waiting), bounds));
  }

  RedisProcess process;
  infra::inprocess::InProcessAgentQueues own;
  RedisAgentQueues queues{process.clients, own};
  QueueBounds bounds{.running = 1, .waiting = 10};
};

class RedisAgentQueuesTest : public testing::Test {
 protected:
  Ticket ticket() const {
    return {.scope = user_, .agent = agent_, .session = base::SessionId::generate(), .task = base::TaskId::generate()};
  }
  /// As if nobody had looked after that place for ten seconds.
  void age(std::string_view key, const Ticket& ticket) { keep_to(key, ticket, "1"); }
  void keep_to(std::string_view key, const Ticket& ticket, const std::string& time) {
    server_.cli("zadd " + name_of(key) + " xx " + time + " " + ticket.task.str());
  }
  std::string name_of(std::string_view key) const {
    return "codelab:{" + user_.user().str() + "}:queue:" + agent_.str() + ":" + std::string(key);
  }

  core::identity::UserScope user_ = ScopeIssuer::open(base::UserId::generate());
  base::AgentId agent_ = base::AgentId::generate();
  RedisServer server_;
  QueueProcess here_{server_.url()};
};

TEST_F(RedisAgentQueuesTest, APlaceThatNobodyLooksAfterIsFreeAgain) {
  QueueProcess gone(server_.url());
  const Ticket theirs = ticket();
  const Ticket also_theirs = ticket();
  const Ticket ours = ticket();
  EXPECT_EQ(gone.enter(theirs), Place::running);
  EXPECT_EQ(gone.enter(also_theirs), Place::waiting);
  EXPECT_EQ(here_.enter(ours), Place::waiting);
  EXPECT_THAT(here_.look({}, {ours}), IsEmpty());
  age("running", theirs);
  age("looked_after", also_theirs);
  EXPECT_THAT(here_.look({}, {ours}), ElementsAre(ours.task));
}

TEST_F(RedisAgentQueuesTest, ASlotGivenToOneThatWaitsIsKeptNoLongerThanItsPlaceWas) {
  QueueProcess gone(server_.url());
  const Ticket ours = ticket();
  const Ticket theirs = ticket();
  EXPECT_EQ(here_.enter(ours), Place::running);
  EXPECT_EQ(gone.enter(theirs), Place::waiting);
  keep_to("looked_after", theirs, "4000000000000");
  here_.leave(ours);
  EXPECT_EQ(server_.cli("zscore " + name_of("running") + " " + theirs.task.str()), "4000000000000");
}

TEST_F(RedisAgentQueuesTest, AfterAnOutageAllAreQueuedTogetherAgain) {
  const Ticket first = ticket();
  const Ticket second = ticket();
  const Ticket third = ticket();
  EXPECT_EQ(here_.enter(first), Place::running);
  server_.stop();
  EXPECT_EQ(here_.enter(second), Place::running);
  EXPECT_EQ(here_.enter(third), Place::waiting);
  EXPECT_THAT(here_.look({first, second}, {third}), IsEmpty());
  EXPECT_EQ(here_.counted_alone(), 3);
  server_.start();
  ASSERT_TRUE(here_.process.runner.run(here_.process.clients.ready(std::chrono::seconds(20))));
  EXPECT_THAT(here_.look({first, second}, {third}), IsEmpty());
  EXPECT_EQ(here_.counted_alone(), 0);
  QueueProcess there(server_.url());
  const Ticket fourth = ticket();
  EXPECT_EQ(there.enter(fourth), Place::waiting);
  here_.leave(first);
  EXPECT_THAT(here_.look({second}, {third}), IsEmpty());
  here_.leave(second);
  EXPECT_THAT(here_.look({}, {third}), ElementsAre(third.task));
  EXPECT_THAT(there.look({}, {fourth}), IsEmpty());
  EXPECT_EQ(here_.enter(ticket()), Place::waiting);
}

TEST_F(RedisAgentQueuesTest, WhatWaitsGoesOnWhileRedisIsAway) {
  const Ticket first = ticket();
  const Ticket second = ticket();
  const Ticket third = ticket();
  EXPECT_EQ(here_.enter(first), Place::running);
  EXPECT_EQ(here_.enter(second), Place::waiting);
  server_.stop();
  EXPECT_THAT(here_.look({first}, {second}), IsEmpty());
  here_.leave(first);
  EXPECT_THAT(here_.look({}, {second}), ElementsAre(second.task));
  EXPECT_EQ(here_.enter(third), Place::waiting);
  here_.leave(second);
  EXPECT_THAT(here_.look({}, {third}), ElementsAre(third.task));
}

TEST_F(RedisAgentQueuesTest, WhatHasLeftKeepsNoPlaceWhenRedisGoesAway) {
  const Ticket first = ticket();
  const Ticket second = ticket();
  EXPECT_EQ(here_.enter(first), Place::running);
  EXPECT_EQ(here_.enter(second), Place::waiting);
  here_.leave(first);
  server_.stop();
  EXPECT_THAT(here_.look({first}, {second}), ElementsAre(second.task));
}

TEST_F(RedisAgentQueuesTest, APlaceThatRedisGaveAndNobodyHeardOfIsGivenBackWhenTheTaskIsRefused) {
  const Ticket first = ticket();
  EXPECT_EQ(here_.enter(first), Place::running);
  here_.leave(first);
  infra::redis::Options options = redis_options(server_.url());
  options.call_timeout = std::chrono::milliseconds(200);
  QueueProcess hasty(options);
  ASSERT_TRUE(hasty.process.ready());
  hasty.bounds.waiting = 0;
  EXPECT_EQ(hasty.process.runner.run(hasty.own.enter(ticket(), hasty.bounds)), Place::running);
  server_.freeze();
  EXPECT_EQ(hasty.enter(ticket()), Place::refused);
  server_.thaw();
  // Answered behind all that was sent before.
  EXPECT_TRUE(hasty.process.call({"PING"}));
  EXPECT_EQ(server_.cli("hget " + name_of("served") + " given"), "2");
  EXPECT_EQ(server_.cli("zcard " + name_of("running")), "0");
}

TEST_F(RedisAgentQueuesTest, ManySessionsAreNotRememberedForEver) {
  here_.bounds.running = 2'000;
  for (int i = 0; i < 1'005; ++i) here_.enter(ticket());
  const std::string served = "codelab:{" + user_.user().str() + "}:queue:" + agent_.str() + ":served";
  EXPECT_LT(std::stoi(server_.cli("hlen " + served)), 20);
  EXPECT_EQ(server_.cli("hget " + served + " given"), "1005");
}

}  // namespace
}  // namespace codelab::tests
