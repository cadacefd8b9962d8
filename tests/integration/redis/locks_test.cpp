#include "infra/redis/locks.hpp"

#include <atomic>

#include <gtest/gtest.h>

#include "tests/integration/redis/redis_fixture.hpp"

namespace codelab::tests {
namespace {

using core::identity::ScopeIssuer;
using core::identity::UserScope;
using infra::redis::Failure;
using infra::redis::LockLease;
using infra::redis::Locks;
using std::chrono::milliseconds;

class RedisLocks : public testing::Test {
 protected:
  std::optional<LockLease> acquire(std::string name, milliseconds ttl = milliseconds(60'000)) {
    return process_.runner.run(locks_.acquire(user_, std::move(name), ttl)).value();
  }
  bool renew(const LockLease& lease, milliseconds ttl) { return process_.runner.run(locks_.renew(lease, ttl)).value(); }
  bool release(const LockLease& lease) { return process_.runner.run(locks_.release(lease)).value(); }
  std::string cli(const std::string& command) const { return server_.cli(command); }

  RedisServer server_;
  RedisProcess process_{redis_options(server_.url())};
  Locks locks_{process_.clients};
  UserScope user_ = ScopeIssuer::open(base::UserId::generate());
};

TEST_F(RedisLocks, AreHeldByOneAtATime) {
  const auto held = acquire("a");
  ASSERT_TRUE(held);
  EXPECT_FALSE(acquire("a"));
  EXPECT_TRUE(acquire("b"));
  EXPECT_TRUE(release(*held));
  EXPECT_TRUE(acquire("a"));
  const auto theirs =
      process_.runner.run(locks_.acquire(ScopeIssuer::open(base::UserId::generate()), "a", milliseconds(60'000)));
  EXPECT_TRUE(theirs.value());
}

TEST_F(RedisLocks, GiveEachHolderAGreaterFence) {
  std::int64_t last = 0;
  for (int i = 0; i < 20; ++i) {
    const auto lease = acquire("a");
    ASSERT_TRUE(lease);
    EXPECT_GT(lease->fence, last);
    last = lease->fence;
    // A fence that is lost does not begin anew.
    if (i == 10) EXPECT_EQ(cli("del '" + lease->key + ":fence'"), "1");
    // One from a clock ahead of this server's is not undercut.
    if (i == 15) {
      last += 1'000'000'000'000;
      cli("set '" + lease->key + ":fence' " + std::to_string(last));
    }
    EXPECT_TRUE(release(*lease));
  }
}

TEST_F(RedisLocks, EndWithTheirTimeAndAreNotTheOldHoldersAfterThat) {
  const auto first = acquire("a");
  ASSERT_TRUE(first);
  // As when its time is over.
  cli("del '" + first->key + "'");
  EXPECT_FALSE(renew(*first, milliseconds(1'000)));
  const auto second = acquire("a");
  ASSERT_TRUE(second);
  EXPECT_FALSE(release(*first));
  EXPECT_FALSE(renew(*first, milliseconds(1'000)));
  EXPECT_FALSE(acquire("a"));
  EXPECT_TRUE(renew(*second, milliseconds(90'000)));
  EXPECT_GT(std::stoi(cli("pttl '" + second->key + "'")), 60'000);
  const auto brief = acquire("brief", milliseconds(1));
  ASSERT_TRUE(brief);
  const auto watchdog = RedisProcess::deadline();
  while (!acquire("brief")) ASSERT_LT(std::chrono::steady_clock::now(), watchdog);
}

TEST_F(RedisLocks, SayWhenRedisIsAway) {
  ASSERT_TRUE(process_.ready());
  server_.stop();
  const auto refused = process_.runner.run(locks_.acquire(user_, "a", milliseconds(60'000)));
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().kind, Failure::Kind::refused);
}

}  // namespace
}  // namespace codelab::tests
