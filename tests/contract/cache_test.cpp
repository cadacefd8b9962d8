#include <memory>
#include <ostream>
#include <string>
#include <thread>

#include <gtest/gtest.h>

#include "core/cache/ports.hpp"
#include "tests/contract/caches.hpp"
#include "tests/contract/run_task.hpp"

namespace codelab::tests {
namespace {

using core::cache::Cache;
using core::identity::ScopeIssuer;
using core::identity::UserScope;

/// A cache that two processes use, as far as its kind lets them share it.
class CacheContract : public testing::TestWithParam<CacheKind> {
 protected:
  static constexpr std::chrono::seconds kTtl{60};

  static UserScope new_user() { return ScopeIssuer::open(base::UserId::generate()); }
  std::optional<std::string> get(const UserScope& user, std::string key) { return get(here(), user, std::move(key)); }
  static std::optional<std::string> get(Cache& cache, const UserScope& user, std::string key) {
    return run_task(cache.get(user, std::move(key))).value;
  }
  std::uint64_t generation(const UserScope& user) { return run_task(here().get(user, "any")).generation; }
  void put(const UserScope& user, std::string key, std::string value) {
    put(user, std::move(key), std::move(value), generation(user));
  }
  void put(const UserScope& user, std::string key, std::string value, std::uint64_t generation) {
    run_task(here().put(user, std::move(key), std::move(value), generation, kTtl));
  }
  void invalidate(const UserScope& user) { run_task(there().invalidate(user)); }

  Cache& here() { return caches_->here(); }
  Cache& there() { return caches_->there(); }

  std::unique_ptr<Caches> caches_ = GetParam().make();
  UserScope ada_ = new_user();
  UserScope bob_ = new_user();
};

INSTANTIATE_TEST_SUITE_P(Over, CacheContract, testing::ValuesIn(cache_kinds()),
                         [](const auto& kind) { return kind.param.name; });

TEST_P(CacheContract, ReturnsWhatWasPut) {
  EXPECT_EQ(get(ada_, "k"), std::nullopt);
  put(ada_, "k", "one");
  put(ada_, "l", "");
  EXPECT_EQ(get(ada_, "k"), "one");
  EXPECT_EQ(get(ada_, "l"), "");
  put(ada_, "k", std::string("a\0:\xff\r\n", 6));
  EXPECT_EQ(get(there(), ada_, "k"), std::string("a\0:\xff\r\n", 6));
}

TEST_P(CacheContract, KeysOfOneUserAreNotThoseOfAnother) {
  put(ada_, "k", "ada's");
  EXPECT_EQ(get(bob_, "k"), std::nullopt);
  put(bob_, "k", "bob's");
  EXPECT_EQ(get(ada_, "k"), "ada's");
}

TEST_P(CacheContract, InvalidatingForgetsEverythingOfThatUserOnlyAndEverywhere) {
  for (const char* key : {"a", "b", "c"}) put(ada_, key, "v");
  put(bob_, "a", "v");
  invalidate(ada_);
  for (const char* key : {"a", "b", "c"}) {
    EXPECT_EQ(get(here(), ada_, key), std::nullopt) << key;
    EXPECT_EQ(get(there(), ada_, key), std::nullopt) << key;
  }
  EXPECT_EQ(get(bob_, "a"), "v");
}

TEST_P(CacheContract, AValueLoadedBeforeAnInvalidationIsNotKept) {
  const auto before = generation(ada_);
  invalidate(ada_);
  put(ada_, "k", "stale", before);
  EXPECT_EQ(get(ada_, "k"), std::nullopt);
  put(ada_, "k", "fresh");
  put(ada_, "k", "stale", before);
  EXPECT_EQ(get(ada_, "k"), "fresh");
}

TEST_P(CacheContract, AValueLoadedBeforeTheFirstOfSeveralInvalidationsIsNotKept) {
  const auto before = generation(ada_);
  for (int i = 0; i < 10; ++i) {
    const auto between = generation(ada_);
    invalidate(ada_);
    EXPECT_NE(generation(ada_), between);
  }
  put(ada_, "k", "stale", before);
  EXPECT_EQ(get(ada_, "k"), std::nullopt);
}

TEST_P(CacheContract, AValueLoadedDuringAnothersInvalidationIsKept) {
  const auto before = generation(ada_);
  invalidate(bob_);
  put(ada_, "k", "v", before);
  EXPECT_EQ(get(ada_, "k"), "v");
}

/// A store with one row, read through the cache while it changes: what a reader gets is never older than what was
/// invalidated before it asked.
TEST_P(CacheContract, NobodyReadsAValueOlderThanAnInvalidationThatHasEnded) {
  std::atomic<int> row = 0;
  std::atomic<int> invalidated = 0;
  std::atomic<bool> stale = false;
  std::thread writer([&] {
    for (int i = 1; i <= 200; ++i) {
      row = i;
      run_task(there().invalidate(ada_));
      invalidated = i;
    }
  });
  while (invalidated < 200) {
    const int at_least = invalidated;
    const auto seen = run_task(here().get(ada_, "row"));
    if (seen.value && std::stoi(*seen.value) < at_least) stale = true;
    if (!seen.value) put(ada_, "row", std::to_string(row), seen.generation);
  }
  writer.join();
  EXPECT_FALSE(stale);
}

}  // namespace
}  // namespace codelab::tests
