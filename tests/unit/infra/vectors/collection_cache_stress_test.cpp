#include <atomic>
#include <mutex>
#include <set>
#include <string>
#include <thread>

#include <gtest/gtest.h>

#include "clustered_vectors.hpp"
#include "infra/vectors/collection_cache.hpp"

namespace codelab::infra::vectors {
namespace {

constexpr std::size_t kDimension = 8;
const std::vector<float> kVector(kDimension, 0.35355F);

/// Stands for the database: a commit and a snapshot are each atomic, and nothing orders them with the cache's calls.
class FakeStore {
 public:
  void insert(std::int64_t row_id) {
    const std::lock_guard lock(mutex_);
    rows_.insert(row_id);
  }

  void erase(std::int64_t row_id) {
    const std::lock_guard lock(mutex_);
    rows_.erase(row_id);
  }

  std::set<std::int64_t> snapshot() const {
    const std::lock_guard lock(mutex_);
    return rows_;
  }

 private:
  mutable std::mutex mutex_;
  std::set<std::int64_t> rows_;
};

/// Lets writers commit and report between the snapshot and the end of the build.
QuantizedCollection load(const FakeStore& store) {
  QuantizedCollection collection(kDimension);
  for (const auto id : store.snapshot()) {
    collection.add(id, kVector);
    if (id % 64 == 0) std::this_thread::yield();
  }
  return collection;
}

/// Commits, then reports, as a store's writer does. Each writer has rows of its own, and writes each at most twice, so
/// that a change that is lost shows.
void write(FakeStore& store, CollectionCache& cache, const std::string& key, std::int64_t writer) {
  testing::Random random(static_cast<std::uint64_t>(writer));
  for (std::int64_t step = 0; step < 2000; ++step) {
    const std::int64_t row_id = writer * 10'000 + step;
    store.insert(row_id);
    cache.added(key, row_id, kVector);
    if (random.below(3) == 0) {
      store.erase(row_id - 100);
      cache.removed(key, row_id - 100);
    }
    if (step % 16 == 0) std::this_thread::yield();
  }
}

TEST(CollectionCacheUnderLoad, EndsUpWithExactlyTheStoresRows) {
  const std::string keys[] = {"a", "b", "c"};
  FakeStore stores[3];
  CollectionCache cache(250'000);
  std::atomic<int> writers_left = 3;
  {
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < 3; ++i) {
      threads.emplace_back([&, i] {
        write(stores[i], cache, keys[i], static_cast<std::int64_t>(i) + 1);
        --writers_left;
      });
    }
    for (std::size_t i = 0; i < 2; ++i) {
      threads.emplace_back([&, i] {
        testing::Random random(100 + i);
        while (writers_left > 0) {
          const std::size_t key = random.below(3);
          const auto collection = cache.get_or_build(keys[key], [&] { return load(stores[key]); });
          EXPECT_LE(collection->search(kVector, 5).size(), 5U);
          if (random.below(50) == 0) cache.erase(keys[key]);
        }
      });
    }
  }
  for (std::size_t key = 0; key < 3; ++key) {
    const auto rows = stores[key].snapshot();
    const auto collection = cache.get_or_build(keys[key], [&] { return load(stores[key]); });
    EXPECT_EQ(collection->size(), rows.size());
    for (const auto id : rows) EXPECT_TRUE(collection->contains(id));
  }
}

TEST(CachedCollection, LetsAWriterInWhileSearchesNeverPause) {
  constexpr int kMoreThanEnough = 10'000;
  QuantizedCollection rows(kDimension);
  for (std::int64_t id = 0; id < 20'000; ++id) rows.add(id, kVector);
  CachedCollection collection(std::move(rows));
  std::atomic<bool> written = false;
  std::vector<std::jthread> searchers;
  for (int i = 0; i < 4; ++i) {
    searchers.emplace_back([&] {
      for (int round = 0; round < kMoreThanEnough && !written; ++round) {
        EXPECT_EQ(collection.search(kVector, 5).size(), 5U);
      }
      EXPECT_TRUE(written) << "searches kept the writer out";
    });
  }
  for (std::int64_t id = 20'000; id < 20'100; ++id) collection.add(id, kVector);
  written = true;
  EXPECT_EQ(collection.size(), 20'100U);
}

}  // namespace
}  // namespace codelab::infra::vectors
