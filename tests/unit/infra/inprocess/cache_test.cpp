#include "infra/inprocess/cache.hpp"

#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "tests/contract/run_task.hpp"
#include "tests/unit/fakes/manual_clock.hpp"

namespace codelab::infra::inprocess {
namespace {

using core::identity::ScopeIssuer;
using core::identity::UserScope;
using tests::run_task;

class InProcessCacheTest : public testing::Test {
 protected:
  static constexpr std::chrono::seconds kTtl{60};

  static UserScope new_user() { return ScopeIssuer::open(base::UserId::generate()); }
  std::optional<std::string> get(UserScope user, std::string key) {
    return run_task(cache_.get(user, std::move(key))).value;
  }
  std::uint64_t generation(UserScope user) { return run_task(cache_.get(user, "any")).generation; }
  void put(UserScope user, std::string key, std::string value) {
    put(user, std::move(key), std::move(value), generation(user));
  }
  void put(UserScope user, std::string key, std::string value, std::uint64_t generation) {
    run_task(cache_.put(user, std::move(key), std::move(value), generation, kTtl));
  }
  void invalidate(UserScope user) { run_task(cache_.invalidate(user)); }

  tests::ManualSteadyClock clock_;
  /// One shard, so that every user shares its bound and its logical time.
  InProcessCache cache_{16 * 1024, [this] { return clock_.now(); }, 1};
  UserScope ada_ = new_user();
  UserScope bob_ = new_user();
};

TEST_F(InProcessCacheTest, ReturnsWhatWasPut) {
  EXPECT_EQ(get(ada_, "k"), std::nullopt);
  put(ada_, "k", "one");
  put(ada_, "l", "");
  EXPECT_EQ(get(ada_, "k"), "one");
  EXPECT_EQ(get(ada_, "l"), "");
  put(ada_, "k", "two");
  EXPECT_EQ(get(ada_, "k"), "two");
}

TEST_F(InProcessCacheTest, KeysOfOneUserAreNotThoseOfAnother) {
  put(ada_, "k", "ada's");
  EXPECT_EQ(get(bob_, "k"), std::nullopt);
  put(bob_, "k", "bob's");
  EXPECT_EQ(get(ada_, "k"), "ada's");
}

TEST_F(InProcessCacheTest, ForgetsAValueWhenItsTimeIsOver) {
  put(ada_, "k", "v");
  clock_.advance(kTtl - std::chrono::nanoseconds(1));
  EXPECT_EQ(get(ada_, "k"), "v");
  clock_.advance(std::chrono::nanoseconds(1));
  EXPECT_EQ(get(ada_, "k"), std::nullopt);
  EXPECT_EQ(cache_.bytes(), 0U);
}

TEST_F(InProcessCacheTest, InvalidatingForgetsEverythingOfThatUserOnly) {
  for (const char* key : {"a", "b", "c"}) put(ada_, key, "v");
  put(bob_, "a", "v");
  invalidate(ada_);
  for (const char* key : {"a", "b", "c"}) EXPECT_EQ(get(ada_, key), std::nullopt) << key;
  EXPECT_EQ(get(bob_, "a"), "v");
}

TEST_F(InProcessCacheTest, AValueLoadedBeforeAnInvalidationIsNotKept) {
  const auto before = generation(ada_);
  invalidate(ada_);
  put(ada_, "k", "stale", before);
  EXPECT_EQ(get(ada_, "k"), std::nullopt);
  put(ada_, "k", "fresh");
  put(ada_, "k", "stale", before);
  EXPECT_EQ(get(ada_, "k"), "fresh");
}

TEST_F(InProcessCacheTest, AValueLoadedDuringAnothersInvalidationIsKept) {
  const auto before = generation(ada_);
  invalidate(bob_);
  put(ada_, "k", "v", before);
  EXPECT_EQ(get(ada_, "k"), "v");
}

TEST_F(InProcessCacheTest, AnInvalidationIsRememberedAfterTheUsersLastValueIsGone) {
  const auto before = generation(ada_);
  put(ada_, "k", "v");
  invalidate(ada_);
  put(ada_, "k", "v");
  clock_.advance(kTtl);
  EXPECT_EQ(get(ada_, "k"), std::nullopt);
  put(ada_, "k", "stale", before);
  EXPECT_EQ(get(ada_, "k"), std::nullopt);
}

TEST_F(InProcessCacheTest, AnInvalidationIsHeldWhenItsUserIsForgottenForManyOthers) {
  const auto before = generation(ada_);
  invalidate(ada_);
  for (int i = 0; i < 5000; ++i) invalidate(new_user());
  put(ada_, "k", "stale", before);
  EXPECT_EQ(get(ada_, "k"), std::nullopt);
  put(ada_, "k", "fresh");
  EXPECT_EQ(get(ada_, "k"), "fresh");
}

TEST_F(InProcessCacheTest, DropsTheLeastRecentlyUsedPastItsBytes) {
  const std::string value(1024, 'x');
  for (const char* key : {"a", "b", "c"}) put(ada_, key, value);
  for (int i = 0; i < 12; ++i) {
    put(bob_, std::to_string(i), value);
    EXPECT_EQ(get(ada_, "a"), value);
  }
  EXPECT_LE(cache_.bytes(), 16U * 1024);
  EXPECT_FALSE(get(ada_, "b"));
  EXPECT_EQ(get(bob_, "11"), value);
}

TEST_F(InProcessCacheTest, AValueThatIsTooBigReplacesWhatItSupersedesByNothing) {
  put(ada_, "k", "small");
  put(ada_, "k", std::string(20'000, 'x'));
  EXPECT_EQ(get(ada_, "k"), std::nullopt);
  EXPECT_EQ(cache_.bytes(), 0U);
}

/// Every decision against a model that remembers everything.
TEST(CacheShardModel, NeverReturnsAValueOlderThanTheLastInvalidation) {
  constexpr int kUsers = 8;
  CacheShard shard(6000);
  std::vector<base::UserId> users(kUsers);
  for (auto& user : users) user = base::UserId::generate();
  std::vector<int> version(kUsers, 0);
  struct Load {
    std::uint64_t generation;
    int version;
  };
  std::vector<Load> loads(kUsers, {0, 0});
  unsigned random = 12345;
  SteadyTime now{};
  int hits = 0;
  for (int step = 0; step < 200'000; ++step) {
    random = random * 1664525U + 1013904223U;
    const auto at = random >> 8 & 7U;
    const std::string key(1, static_cast<char>('a' + (random >> 12 & 3U)));
    now += std::chrono::milliseconds(1);
    switch (random >> 16 & 7U) {
      case 0:
        ++version[at];
        shard.invalidate(users[at]);
        break;
      case 1:
        shard.invalidate(base::UserId::generate());
        break;
      case 2:
        loads[at] = {shard.generation(), version[at]};
        break;
      case 3:
      case 4:
        shard.put(users[at], key, std::to_string(loads[at].version), loads[at].generation,
                  now + std::chrono::seconds(1));
        break;
      default:
        if (const auto value = shard.get(users[at], key, now)) {
          ++hits;
          ASSERT_EQ(*value, std::to_string(version[at])) << step;
        }
    }
    ASSERT_LE(shard.bytes(), 6000U);
    ASSERT_LE(shard.known_users(), 1100U);
  }
  EXPECT_GT(hits, 1000);
}

TEST(InProcessCacheThreads, ShareIt) {
  InProcessCache cache(64 * 1024);
  const UserScope shared = ScopeIssuer::open(base::UserId::generate());
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&cache, shared] {
      const UserScope own = ScopeIssuer::open(base::UserId::generate());
      for (int i = 0; i < 500; ++i) {
        for (const UserScope& user : {shared, own}) {
          const auto seen = run_task(cache.get(user, std::to_string(i % 7)));
          run_task(cache.put(user, std::to_string(i % 7), "v", seen.generation, std::chrono::seconds(5)));
          if (i % 50 == 0) run_task(cache.invalidate(user));
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_LE(cache.bytes(), 64U * 1024);
}

}  // namespace
}  // namespace codelab::infra::inprocess
