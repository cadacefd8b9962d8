#include <gtest/gtest.h>

#include "infra/inprocess/agent_queues.hpp"
#include "infra/inprocess/rate_limiter.hpp"
#include "infra/redis/agent_queues.hpp"
#include "infra/redis/cache.hpp"
#include "infra/redis/locks.hpp"
#include "infra/redis/rate_limiter.hpp"
#include "tests/integration/redis/stream_bus_fixture.hpp"

namespace codelab::tests {
namespace {

/// A user with the rights that docs/redis.md names, and no more.
TEST_F(StreamBusTest, AUserWithTheDocumentedRightsMayDoEverything) {
  server_.cli("acl setuser ann on nopass " + kDocumentedRights);
  const std::string url = "redis://ann:any@127.0.0.1:" + std::to_string(server_.port());
  RedisProcess process(redis_options(url));
  infra::redis::RedisCache cache(process.clients);
  const auto generation = process.runner.run(cache.get(user_, "k")).generation;
  process.runner.run(cache.put(user_, "k", "v", generation, std::chrono::seconds(60)));
  EXPECT_EQ(process.runner.run(cache.get(user_, "k")).value, "v");
  process.runner.run(cache.invalidate(user_));
  EXPECT_EQ(cache.owed(), 0U);
  infra::inprocess::InProcessRateLimiter alone;
  infra::redis::RedisRateLimiter limiter(process.clients, alone);
  process.runner.run(limiter.take("127.0.0.1", 5));
  EXPECT_TRUE(limiter.is_shared());
  infra::redis::Locks locks(process.clients);
  const auto lease = process.runner.run(locks.acquire(user_, "a", std::chrono::milliseconds(60'000)));
  ASSERT_TRUE(lease && *lease);
  EXPECT_TRUE(process.runner.run(locks.release(**lease)).value());
  infra::inprocess::InProcessAgentQueues own;
  infra::redis::RedisAgentQueues queues(process.clients, own);
  const core::bus::QueueBounds bounds{.running = 1, .waiting = 1};
  const core::bus::Ticket first{.scope = user_,
                                .agent = base::AgentId::generate(),
                                .session = base::SessionId::generate(),
                                .task = base::TaskId::generate()};
  core::bus::Ticket second = first;
  second.task = base::TaskId::generate();
  EXPECT_EQ(process.runner.run(queues.enter(first, bounds)), core::bus::Place::running);
  EXPECT_EQ(process.runner.run(queues.enter(second, bounds)), core::bus::Place::waiting);
  process.runner.run(queues.leave(first, bounds));
  EXPECT_EQ(process.runner.run(queues.look_after({}, {second}, bounds)), std::vector{second.task});
  EXPECT_EQ(queues.counted_alone(), 0U);
  BusProcess here(url);
  BusProcess there(url);
  EXPECT_TRUE(here.follow(user_, stream_).live);
  const auto following = there.follow(user_, stream_);
  EXPECT_TRUE(following.live);
  here.bus.publish_text(user_.user(), stream_, piece(0, 0, "text"));
  here.bus.publish(event(1));
  there.heard.wait_for_event(1);
  EXPECT_EQ(there.recent(user_, stream_).texts.size(), 1U);
  process.stop();
}

}  // namespace
}  // namespace codelab::tests
