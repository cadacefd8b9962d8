#include "infra/vectors/collection_cache.hpp"

#include <atomic>
#include <latch>
#include <stdexcept>
#include <thread>

#include <gtest/gtest.h>

#include "clustered_vectors.hpp"

namespace codelab::infra::vectors {
namespace {

constexpr std::size_t kDimension = 8;
constexpr std::size_t kNoLimit = std::size_t{1} << 40;
const std::vector<float> kVector(kDimension, 0.35355F);

QuantizedCollection collection_of(std::size_t rows) {
  QuantizedCollection collection(kDimension);
  for (std::size_t id = 0; id < rows; ++id) collection.add(static_cast<std::int64_t>(id), kVector);
  return collection;
}

CollectionCache::Builder builds(std::size_t rows) {
  return [rows] { return collection_of(rows); };
}

QuantizedCollection must_not_build() { throw std::logic_error("built although it was there"); }

/// Runs what another thread does at this very moment, to its end.
void on_another_thread(const std::function<void()>& run) { std::jthread{run}.join(); }

TEST(CollectionCache, BuildsOnFirstUseOnly) {
  CollectionCache cache(kNoLimit);
  const auto built = cache.get_or_build("a", builds(3));
  EXPECT_EQ(built->size(), 3U);
  EXPECT_EQ(cache.get_or_build("a", must_not_build), built);
  EXPECT_EQ(cache.size(), 1U);
  EXPECT_EQ(cache.bytes(), built->bytes());
}

TEST(CollectionCache, BuildsOnceHoweverManyThreadsAsk) {
  constexpr int kThreads = 8;
  CollectionCache cache(kNoLimit);
  std::latch arrived(kThreads);
  std::atomic<int> builds_run = 0;
  std::vector<std::shared_ptr<CachedCollection>> got(kThreads);
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < kThreads; ++i) {
      threads.emplace_back([&, i] {
        arrived.count_down();
        got[static_cast<std::size_t>(i)] = cache.get_or_build("a", [&] {
          arrived.wait();
          ++builds_run;
          return collection_of(2000);
        });
      });
    }
  }
  EXPECT_EQ(builds_run, 1);
  for (const auto& collection : got) EXPECT_EQ(collection, got[0]);
}

TEST(CollectionCache, PassesOnWhatTheBuilderThrowsAndBuildsAgain) {
  CollectionCache cache(kNoLimit);
  EXPECT_THROW(cache.get_or_build("a", []() -> QuantizedCollection { throw std::runtime_error("disk"); }),
               std::runtime_error);
  EXPECT_EQ(cache.size(), 0U);
  EXPECT_EQ(cache.get_or_build("a", builds(1))->size(), 1U);
}

TEST(CollectionCache, DropsTheLeastRecentlyUsedPastItsBytes) {
  const std::size_t each = collection_of(100).bytes();
  CollectionCache cache(2 * each + each / 2);
  cache.get_or_build("a", builds(100));
  cache.get_or_build("b", builds(100));
  cache.get_or_build("a", must_not_build);
  cache.get_or_build("c", builds(100));
  EXPECT_EQ(cache.size(), 2U);
  EXPECT_LE(cache.bytes(), 2 * each + each / 2);
  EXPECT_NO_THROW(cache.get_or_build("a", must_not_build));
  EXPECT_NO_THROW(cache.get_or_build("c", must_not_build));
  EXPECT_THROW(cache.get_or_build("b", must_not_build), std::logic_error);
}

TEST(CollectionCache, CountsBytesAsRowsComeAndDropsOthersForThem) {
  const std::size_t small = collection_of(1).bytes();
  CollectionCache cache(20 * small);
  cache.get_or_build("old", builds(1));
  cache.get_or_build("growing", builds(1));
  for (std::int64_t id = 0; id < 3000; ++id) cache.added("growing", id, kVector);
  EXPECT_EQ(cache.size(), 1U);
  const auto growing = cache.get_or_build("growing", must_not_build);
  EXPECT_EQ(growing->size(), 3000U);
  EXPECT_EQ(cache.bytes(), growing->bytes());
}

TEST(CollectionCache, KeepsTheLastUsedEvenWhenItIsLargerThanTheLimit) {
  CollectionCache cache(1);
  cache.get_or_build("a", builds(100));
  EXPECT_NO_THROW(cache.get_or_build("a", must_not_build));
  cache.get_or_build("b", builds(100));
  EXPECT_EQ(cache.size(), 1U);
  EXPECT_THROW(cache.get_or_build("a", must_not_build), std::logic_error);
}

TEST(CollectionCache, TakesChangesOfPresentCollectionsOnly) {
  CollectionCache cache(kNoLimit);
  cache.added("a", 50, kVector);
  EXPECT_EQ(cache.size(), 0U);
  const auto collection = cache.get_or_build("a", builds(3));
  cache.added("a", 60, kVector);
  cache.removed("a", 0);
  cache.removed("a", 12345);
  EXPECT_EQ(collection->size(), 3U);
  EXPECT_TRUE(collection->contains(60));
  EXPECT_FALSE(collection->contains(0));
  EXPECT_FALSE(collection->contains(50));
}

TEST(CollectionCache, LosesNoChangeReportedWhileBuilding) {
  CollectionCache cache(kNoLimit);
  const auto collection = cache.get_or_build("a", [&] {
    auto snapshot = collection_of(3);
    on_another_thread([&] {
      cache.added("a", 2, kVector);
      cache.added("a", 70, kVector);
      cache.added("a", 71, kVector);
      cache.removed("a", 71);
      cache.removed("a", 1);
      cache.added("other", 72, kVector);
    });
    return snapshot;
  });
  EXPECT_EQ(collection->size(), 3U);
  for (const std::int64_t present : {0, 2, 70}) EXPECT_TRUE(collection->contains(present)) << present;
  for (const std::int64_t absent : {1, 71, 72}) EXPECT_FALSE(collection->contains(absent)) << absent;
}

TEST(CollectionCache, BuildsAnewAfterErase) {
  CollectionCache cache(kNoLimit);
  cache.get_or_build("a", builds(3));
  cache.erase("a");
  cache.erase("unknown");
  EXPECT_EQ(cache.bytes(), 0U);
  EXPECT_EQ(cache.get_or_build("a", builds(5))->size(), 5U);
}

TEST(CollectionCache, DoesNotKeepWhatWasErasedWhileBuilding) {
  CollectionCache cache(kNoLimit);
  std::shared_ptr<CachedCollection> newer;
  const auto older = cache.get_or_build("a", [&] {
    on_another_thread([&] {
      cache.erase("a");
      newer = cache.get_or_build("a", builds(5));
    });
    return collection_of(3);
  });
  EXPECT_EQ(older->size(), 3U);
  EXPECT_EQ(cache.get_or_build("a", must_not_build), newer);
  EXPECT_EQ(cache.bytes(), newer->bytes());
}

TEST(CollectionCache, DropsACollectionThatCannotTakeAChange) {
  CollectionCache cache(kNoLimit);
  const std::vector<float> other_dimension(kDimension + 1);
  cache.get_or_build("a", builds(3));
  cache.added("a", 9, other_dimension);
  EXPECT_EQ(cache.size(), 0U);
  EXPECT_EQ(cache.bytes(), 0U);
  cache.get_or_build("a", [&] {
    on_another_thread([&] { cache.added("a", 9, other_dimension); });
    return collection_of(3);
  });
  EXPECT_EQ(cache.size(), 0U);
}

}  // namespace
}  // namespace codelab::infra::vectors
