#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "infra/inprocess/agent_queues.hpp"
#include "infra/redis/agent_queues.hpp"
#include "infra/redis/cache.hpp"
#include "tests/integration/redis/redis_fixture.hpp"
#include "tests/integration/redis/stream_bus_fixture.hpp"
#include "tests/servers/redis_cluster.hpp"

namespace codelab::tests {
namespace {

using infra::redis::Failure;
using infra::redis::Outcome;
using std::chrono::seconds;
using testing::HasSubstr;

class RedisClusterTest : public testing::Test {
 protected:
  static RedisCluster& cluster() {
    static RedisCluster only;
    return only;
  }
  Outcome call(const std::string& key, std::vector<std::string> words) {
    return process_.runner.run(process_.clients.call({.words = std::move(words), .key = key}));
  }

  RedisProcess process_{redis_options(cluster().url())};
};

TEST_F(RedisClusterTest, FindsEachKeyOnItsNode) {
  ASSERT_TRUE(process_.ready());
  std::set<std::size_t> owners;
  for (int i = 0; i < 60; ++i) {
    const std::string key = "codelab:{user" + std::to_string(i) + "}:k";
    EXPECT_EQ(call(key, {"SET", key, std::to_string(i)}).value().text, "OK");
    const std::size_t owner = cluster().owner_of(key);
    owners.insert(owner);
    EXPECT_EQ(cluster().node(owner).cli("get '" + key + "'"), std::to_string(i));
  }
  EXPECT_EQ(owners.size(), RedisCluster::kNodes);
  EXPECT_EQ(call("", {"PING"}).value().text, "PONG");
}

TEST_F(RedisClusterTest, FollowsASlotThatMoves) {
  const std::string key = "codelab:{mover}:k";
  ASSERT_TRUE(call(key, {"SET", key, "before"}));
  const std::size_t source = cluster().owner_of(key);
  const std::size_t target = (source + 1) % RedisCluster::kNodes;
  const std::string slot = std::to_string(infra::redis::slot_of(key));
  const auto set_slot = [&](std::size_t node, const std::string& what) {
    ASSERT_EQ(cluster().node(node).cli("cluster setslot " + slot + " " + what), "OK");
  };
  const std::string source_id = cluster().node(source).cli("cluster myid");
  const std::string target_id = cluster().node(target).cli("cluster myid");
  set_slot(target, "importing " + source_id);
  set_slot(source, "migrating " + target_id);
  cluster().node(source).cli("migrate 127.0.0.1 " + std::to_string(cluster().node(target).port()) + " '" + key +
                             "' 0 5000");
  // Still the source's slot, but the key is there already.
  EXPECT_EQ(call(key, {"GET", key}).value().text, "before");
  for (const std::size_t node : {target, source}) set_slot(node, "node " + target_id);
  // The map that the client has is of before.
  EXPECT_EQ(call(key, {"GET", key}).value().text, "before");
  EXPECT_EQ(call(key, {"SET", key, "after"}).value().text, "OK");
  EXPECT_EQ(cluster().node(target).cli("get '" + key + "'"), "after");
}

TEST_F(RedisClusterTest, IsAwayWithoutANodeAndBackWithIt) {
  ASSERT_TRUE(process_.ready());
  const std::string key = "codelab:{gone}:k";
  const std::size_t owner = cluster().owner_of(key);
  cluster().node(owner).stop();
  auto outcome = call(key, {"GET", key});
  if (!outcome && outcome.error().kind == Failure::Kind::lost) outcome = call(key, {"GET", key});
  EXPECT_FALSE(outcome);
  cluster().node(owner).start();
  const auto watchdog = RedisProcess::deadline();
  while (!call(key, {"SET", key, "v"})) ASSERT_LT(std::chrono::steady_clock::now(), watchdog);
  EXPECT_EQ(call(key, {"GET", key}).value().text, "v");
  cluster().wait_until_ok();
}

/// Whoever waited for what may come, would wait for a second each time.
TEST_F(RedisClusterTest, KeepsNobodyWaitingWhileAllOfItIsGone) {
  infra::redis::Options options = redis_options(cluster().url());
  options.last_backoff = seconds(60);
  RedisProcess process(options);
  ASSERT_TRUE(process.ready());
  for (std::size_t i = 0; i < RedisCluster::kNodes; ++i) cluster().node(i).stop();
  const std::string key = "codelab:{gone}:k";
  const auto failure_of_get = [&] {
    return process.runner.run(process.clients.call({.words = {"GET", key}, .key = key}, seconds(1))).error().kind;
  };
  while (failure_of_get() != Failure::Kind::away) {
  }
  const auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < 40; ++i) EXPECT_EQ(failure_of_get(), Failure::Kind::away);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, seconds(10));
  for (std::size_t i = 0; i < RedisCluster::kNodes; ++i) cluster().node(i).start();
  cluster().wait_until_ok();
  const auto watchdog = RedisProcess::deadline();
  while (!call(key, {"SET", key, "v"})) ASSERT_LT(std::chrono::steady_clock::now(), watchdog);
}

TEST_F(RedisClusterTest, KeepsNobodyWaitingWhileItSaysThatItIsDown) {
  const std::string key = "codelab:{down}:k";
  const std::string slot = std::to_string(infra::redis::slot_of(key));
  RedisServer& owner = cluster().node(cluster().owner_of(key));
  infra::redis::Options options = redis_options(cluster().url());
  // A new map comes once in half a minute.
  options.first_backoff = options.last_backoff = seconds(60);
  RedisProcess process(options);
  ASSERT_TRUE(process.ready());
  ASSERT_EQ(owner.cli("cluster delslots " + slot), "OK");
  const auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < 20; ++i) {
    const auto down = process.runner.run(process.clients.call({.words = {"GET", key}, .key = key}, seconds(1)));
    ASSERT_FALSE(down);
    EXPECT_THAT(down.error().detail, HasSubstr("CLUSTERDOWN"));
  }
  EXPECT_LT(std::chrono::steady_clock::now() - begin, seconds(10));
  ASSERT_EQ(owner.cli("cluster addslots " + slot), "OK");
  cluster().wait_until_ok();
  const auto watchdog = RedisProcess::deadline();
  while (!call(key, {"SET", key, "v"})) ASSERT_LT(std::chrono::steady_clock::now(), watchdog);
}

TEST_F(RedisClusterTest, CarriesCachesAndStreams) {
  infra::redis::RedisCache cache(process_.clients);
  BusProcess here(cluster().url());
  BusProcess there(cluster().url());
  for (int i = 0; i < 12; ++i) {
    const auto user = core::identity::ScopeIssuer::open(base::UserId::generate());
    const auto generation = process_.runner.run(cache.get(user, "k")).generation;
    process_.runner.run(cache.put(user, "k", "v", generation, seconds(60)));
    EXPECT_EQ(process_.runner.run(cache.get(user, "k")).value, "v");
    const auto stream = core::events::StreamId::generate();
    const auto following = there.follow(user, stream);
    EXPECT_TRUE(following.live);
    here.bus.publish({.user = user.user(),
                      .stream = stream,
                      .seq = i + 1,
                      .body = {.type = core::events::EventType::task_queued, .task = base::TaskId::generate()},
                      .at = {}});
    there.heard.wait_for_event(i + 1);
    EXPECT_EQ(there.recent(user, stream).events.size(), 1U);
  }
}

TEST_F(RedisClusterTest, HearsOfStreamsThoughTheOnlyNodeOfTheAddressIsGone) {
  BusProcess there(cluster().url());
  there.ready();
  const auto user = core::identity::ScopeIssuer::open(base::UserId::generate());
  const auto stream = core::events::StreamId::generate();
  const auto following = there.follow(user, stream);
  EXPECT_TRUE(following.live);
  cluster().node(0).stop();
  // Its first connection was to that one.
  there.heard.wait_until([&] { return !there.heard.missed.empty(); });
  EXPECT_TRUE(there.follow(user, stream).live);
  cluster().node(0).start();
  cluster().wait_until_ok();
}

TEST_F(RedisClusterTest, AUserWithTheDocumentedRightsMayDoEverything) {
  for (std::size_t i = 0; i < RedisCluster::kNodes; ++i) {
    cluster().node(i).cli("acl setuser ann on nopass " + kDocumentedRights + " '+cluster|slots'");
  }
  infra::redis::Options options = redis_options(cluster().url());
  options.address.user = "ann";
  options.address.password = "any";
  RedisProcess process(options);
  ASSERT_TRUE(process.ready());
  infra::redis::RedisCache cache(process.clients);
  for (int i = 0; i < 12; ++i) {
    const auto user = core::identity::ScopeIssuer::open(base::UserId::generate());
    const auto generation = process.runner.run(cache.get(user, "k")).generation;
    process.runner.run(cache.put(user, "k", "v", generation, seconds(60)));
    EXPECT_EQ(process.runner.run(cache.get(user, "k")).value, "v");
  }
  process.stop();
}

TEST_F(RedisClusterTest, KeepsEachAgentsQueueInOneSlot) {
  infra::inprocess::InProcessAgentQueues own;
  infra::redis::RedisAgentQueues queues(process_.clients, own);
  const core::bus::QueueBounds bounds{.running = 1, .waiting = 1};
  for (int i = 0; i < 12; ++i) {
    const core::bus::Ticket first{.scope = core::identity::ScopeIssuer::open(base::UserId::generate()),
                                  .agent = base::AgentId::generate(),
                                  .session = base::SessionId::generate(),
                                  .task = base::TaskId::generate()};
    core::bus::Ticket second = first;
    second.task = base::TaskId::generate();
    EXPECT_EQ(process_.runner.run(queues.enter(first, bounds)), core::bus::Place::running);
    EXPECT_EQ(process_.runner.run(queues.enter(second, bounds)), core::bus::Place::waiting);
    EXPECT_EQ(queues.counted_alone(), 0);
    process_.runner.run(queues.leave(first, bounds));
    EXPECT_EQ(process_.runner.run(queues.look_after({}, {second}, bounds)), std::vector{second.task});
  }
}

}  // namespace
}  // namespace codelab::tests
