#include "infra/argon2/password_hasher.hpp"

#include <atomic>
#include <set>
#include <stdexcept>

#include <gtest/gtest.h>

#include "tests/contract/run_task.hpp"

namespace codelab::infra::argon2 {
namespace {

using tests::run_task;

constexpr HashingCost kCheap{.memory_bytes = 64UL * 1024, .passes = 1};

TEST(Argon2PasswordHasher, AHashFitsItsPasswordOnly) {
  Argon2PasswordHasher hasher(kCheap);
  const auto hash = run_task(hasher.hash("correct horse"));
  ASSERT_TRUE(hash);
  EXPECT_TRUE(hash->starts_with("$argon2id$v=19$m=64,t=1,p=1$")) << *hash;
  EXPECT_TRUE(*run_task(hasher.verify(*hash, "correct horse")));
  EXPECT_FALSE(*run_task(hasher.verify(*hash, "correct horsf")));
  EXPECT_FALSE(*run_task(hasher.verify(*hash, "")));
}

TEST(Argon2PasswordHasher, APasswordMayHoldAnyByte) {
  Argon2PasswordHasher hasher(kCheap);
  const std::string password("a\0b\xff", 4);
  const auto hash = run_task(hasher.hash(password));
  EXPECT_TRUE(*run_task(hasher.verify(*hash, password)));
  EXPECT_FALSE(*run_task(hasher.verify(*hash, "a")));
}

TEST(Argon2PasswordHasher, NoTwoHashesOfOnePasswordAreAlike) {
  Argon2PasswordHasher hasher(kCheap);
  EXPECT_NE(*run_task(hasher.hash("same")), *run_task(hasher.hash("same")));
}

TEST(Argon2PasswordHasher, DefaultsToWhatOwaspRecommends) {
  Argon2PasswordHasher hasher;
  const auto hash = run_task(hasher.hash("correct horse"));
  EXPECT_TRUE(hash->starts_with("$argon2id$v=19$m=19456,t=2,p=1$")) << *hash;
}

TEST(Argon2PasswordHasher, AHashMadeAtAnotherCostStillVerifies) {
  Argon2PasswordHasher cheap(kCheap);
  Argon2PasswordHasher dearer({.memory_bytes = 256UL * 1024, .passes = 2});
  const auto hash = run_task(cheap.hash("correct horse"));
  EXPECT_TRUE(*run_task(dearer.verify(*hash, "correct horse")));
}

TEST(Argon2PasswordHasher, WhatIsNoHashOfOursFitsNothing) {
  Argon2PasswordHasher hasher(kCheap);
  for (const char* hash : {"", "plain:correct horse", "$argon2id$", "$argon2i$v=19$m=64,t=1,p=1$AAAA$AAAA",
                           "$2b$10$abcdefghijklmnopqrstuv"}) {
    EXPECT_FALSE(*run_task(hasher.verify(hash, "correct horse"))) << hash;
  }
}

TEST(Argon2PasswordHasher, TheDecoyLooksLikeAHashAndFitsNothing) {
  Argon2PasswordHasher hasher(kCheap);
  const auto hash = run_task(hasher.hash("correct horse"));
  std::set<std::string> decoys;
  for (int i = 0; i < 20; ++i) {
    const std::string decoy = hasher.decoy_hash();
    EXPECT_EQ(decoy.size(), hash->size());
    EXPECT_EQ(decoy.substr(0, decoy.find('$', 30)).substr(0, 28), hash->substr(0, 28));
    EXPECT_FALSE(*run_task(hasher.verify(decoy, "correct horse")));
    EXPECT_TRUE(decoys.insert(decoy).second);
  }
}

TEST(Argon2PasswordHasher, ADecoyIsTrulyComputed) {
  // Were the decoy no well-formed hash it would be refused without work, and the clock would tell.
  const HashingCost cost{.memory_bytes = 32UL * 1024 * 1024, .passes = 3};
  Argon2PasswordHasher hasher(cost);
  const auto elapsed = [&](const std::string& hash) {
    const auto start = std::chrono::steady_clock::now();
    EXPECT_FALSE(*run_task(hasher.verify(hash, "wrong")));
    return std::chrono::steady_clock::now() - start;
  };
  auto malformed = elapsed("$argon2id$");
  for (int i = 0; i < 5; ++i) malformed = std::min(malformed, elapsed("$argon2id$"));
  EXPECT_GT(elapsed(hasher.decoy_hash()), 10 * malformed);
}

struct Tally {
  std::atomic<int> hashed = 0;
  std::atomic<int> refused = 0;
};

base::Task<> hash_one(Argon2PasswordHasher& hasher, Tally& tally) {
  const auto hash = co_await hasher.hash("correct horse");
  if (hash) {
    ++tally.hashed;
    co_return;
  }
  ++tally.refused;
  EXPECT_EQ(hash.error().code, base::ErrorCode::overloaded);
  EXPECT_TRUE(hash.error().retry_after);
}

TEST(Argon2PasswordHasher, RefusesCallersPastItsBoundAndTakesThemAgainLater) {
  Argon2PasswordHasher hasher({.memory_bytes = 64UL * 1024, .passes = 1, .at_once = 1, .waiting = 3});
  for (int round = 1; round <= 3; ++round) {
    boost::asio::io_context loop(1);
    Tally tally;
    // All of them ask before the loop sees the first answer; the thread may finish some in between.
    for (int i = 0; i < 200; ++i) {
      boost::asio::co_spawn(loop, hash_one(hasher, tally),
                            [](const std::exception_ptr& failure) { EXPECT_FALSE(failure); });
    }
    loop.run_for(tests::kWatchdog);
    EXPECT_EQ(tally.hashed + tally.refused, 200);
    EXPECT_GE(tally.hashed, 4);
    EXPECT_GE(tally.refused, 1);
    EXPECT_TRUE(run_task(hasher.hash("correct horse")));
  }
}

TEST(Argon2PasswordHasher, WithoutAPlaceToWaitOneAfterTheOtherStillGoes) {
  Argon2PasswordHasher hasher({.memory_bytes = 64UL * 1024, .passes = 1, .at_once = 1, .waiting = 0});
  for (int i = 0; i < 50; ++i) EXPECT_TRUE(run_task(hasher.hash("correct horse"))) << i;
}

TEST(Argon2PasswordHasher, RefusesAnImpossibleCost) {
  EXPECT_THROW(Argon2PasswordHasher({.memory_bytes = 1024}), std::invalid_argument);
  EXPECT_THROW(Argon2PasswordHasher({.passes = 0}), std::invalid_argument);
  EXPECT_THROW(Argon2PasswordHasher({.at_once = 0}), std::invalid_argument);
}

}  // namespace
}  // namespace codelab::infra::argon2
