#include "infra/redis/cache.hpp"

#include <gtest/gtest.h>

#include "infra/inprocess/rate_limiter.hpp"
#include "infra/redis/rate_limiter.hpp"
#include "tests/integration/redis/redis_fixture.hpp"

namespace codelab::tests {
namespace {

using core::identity::ScopeIssuer;
using core::identity::UserScope;
using infra::redis::RedisCache;
using infra::redis::RedisRateLimiter;
using std::chrono::seconds;

class RedisCacheTest : public testing::Test {
 protected:
  ~RedisCacheTest() override { process_.stop(); }

  RedisCache::Lookup get(RedisCache& cache) { return process_.runner.run(cache.get(ada_, "k")); }
  void put(std::string value, std::uint64_t generation, seconds ttl = seconds(60)) {
    process_.runner.run(cache_.put(ada_, "k", std::move(value), generation, ttl));
  }

  RedisServer server_;
  RedisProcess process_{redis_options(server_.url())};
  RedisCache cache_{process_.clients};
  UserScope ada_ = ScopeIssuer::open(base::UserId::generate());
};

TEST_F(RedisCacheTest, KeepsAValueForItsTimeUnderItsUsersSlot) {
  put("v", get(cache_).generation, seconds(300));
  const std::string key = "codelab:{" + ada_.user().str() + "}:cache:value:k";
  const int left = std::stoi(server_.cli("ttl " + key));
  EXPECT_GT(left, 200);
  EXPECT_LE(left, 300);
}

TEST_F(RedisCacheTest, NeverTrustsAValueAfterItsGenerationWasLost) {
  const auto before = get(cache_).generation;
  put("v", before);
  ASSERT_EQ(get(cache_).value, "v");
  server_.cli("del codelab:{" + ada_.user().str() + "}:cache:generation");
  EXPECT_EQ(get(cache_).value, std::nullopt);
  put("stale", before);
  EXPECT_EQ(get(cache_).value, std::nullopt);
}

TEST_F(RedisCacheTest, TellsAnInvalidationLaterWhenRedisIsAway) {
  server_.cli("acl setuser ann on nopass '~*' '&*' +@all");
  RedisProcess cut(redis_options("redis://ann:any@127.0.0.1:" + std::to_string(server_.port())));
  RedisCache cache(cut.clients);
  put("old", get(cache_).generation);
  ASSERT_EQ(cut.runner.run(cache.get(ada_, "k")).value, "old");
  server_.cli("acl setuser ann off");
  server_.cli("client kill user ann");
  cut.runner.run(cache.invalidate(ada_));
  EXPECT_EQ(cache.owed(), 1U);
  const auto missed = cut.runner.run(cache.get(ada_, "k"));
  EXPECT_EQ(missed.value, std::nullopt);
  EXPECT_EQ(missed.generation, 0U);
  server_.cli("acl setuser ann on");
  ASSERT_TRUE(cut.ready());
  // What pays runs on that core too: each of these calls lets it go on.
  while (cache.owed() > 0) cut.call({"PING"});
  EXPECT_EQ(get(cache_).value, std::nullopt);
  put("new", get(cache_).generation);
  EXPECT_EQ(cut.runner.run(cache.get(ada_, "k")).value, "new");
  cut.stop();
}

TEST_F(RedisCacheTest, TellsAnInvalidationWhoseCallerWasCancelled) {
  put("old", get(cache_).generation);
  server_.freeze();
  base::TaskGroup callers("callers");
  callers.spawn(process_.runner.cores().executor(0), cache_.invalidate(ada_));
  while (cache_.owed() == 0) {
  }
  callers.cancel();
  EXPECT_TRUE(callers.drain(seconds(20)));
  EXPECT_EQ(cache_.owed(), 1U);
  server_.thaw();
  while (cache_.owed() > 0) process_.call({"PING"});
  EXPECT_EQ(get(cache_).value, std::nullopt);
}

TEST(RedisRateLimiterTest, CountsForItselfWhileRedisIsAwayAndSaysSo) {
  RedisServer server;
  RedisProcess process(redis_options(server.url()));
  infra::inprocess::InProcessRateLimiter alone;
  RedisRateLimiter limiter(process.clients, alone);
  const auto take = [&] { return process.runner.run(limiter.take("codelab:{ada}:", 3)); };
  EXPECT_EQ(take().remaining, 2);
  EXPECT_TRUE(limiter.is_shared());
  EXPECT_EQ(server.cli("exists codelab:{ada}:rate"), "1");
  server.stop();
  for (int i = 2; i >= 0; --i) {
    EXPECT_EQ(take().remaining, i);
    EXPECT_FALSE(limiter.is_shared());
  }
  EXPECT_FALSE(take().allowed);
  server.start();
  ASSERT_TRUE(process.ready());
  EXPECT_EQ(take().remaining, 2);
  EXPECT_TRUE(limiter.is_shared());
}

TEST(RedisRateLimiterTest, CountsByTheServersClock) {
  RedisProcess process(redis_options(RedisServer::shared().url()));
  infra::inprocess::InProcessRateLimiter alone;
  RedisRateLimiter limiter(process.clients, alone);
  const std::string key = base::UserId::generate().str();
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(process.runner.run(limiter.take(key, 3)).allowed);
  const auto refused = process.runner.run(limiter.take(key, 3));
  EXPECT_FALSE(refused.allowed);
  EXPECT_LE(refused.reset, seconds(120));
  const auto minute = std::stoll(RedisServer::shared().cli("hget 'codelab:{" + key + "}:rate' minute"));
  EXPECT_NEAR(static_cast<double>(minute), static_cast<double>(std::time(nullptr)) / 60, 2);
}

}  // namespace
}  // namespace codelab::tests
