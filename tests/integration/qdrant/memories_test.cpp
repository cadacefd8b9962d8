#include <set>

#include "base/task_group.hpp"
#include "core/memory/memory_erasure.hpp"
#include "tests/integration/qdrant/qdrant_fixture.hpp"

namespace codelab::tests {
namespace {

using infra::qdrant::LayoutKind;

class QdrantMemories : public testing::TestWithParam<LayoutKind> {
 protected:
  ~QdrantMemories() override {
    work.cancel();
    EXPECT_TRUE(work.drain(std::chrono::seconds(20)));
  }

  QdrantServer server;
  base::TaskGroup work{"test"};
  QdrantProcess process{qdrant_options(server.url(), GetParam())};
  core::memory::MemoryErasure erasure{{process.store, process.agents, process.runner.cores(), work},
                                      {.first = std::chrono::milliseconds(2), .last = std::chrono::milliseconds(5)}};
  const core::identity::UserScope ann = QdrantProcess::new_user();
  const core::identity::UserScope bob = QdrantProcess::new_user();
  const base::AgentId hers = process.new_agent(ann);
  const base::AgentId also_hers = process.new_agent(ann);
  const base::AgentId his = process.new_agent(bob);
};

INSTANTIATE_TEST_SUITE_P(Over, QdrantMemories, testing::Values(LayoutKind::collection, LayoutKind::tenant),
                         [](const auto& info) {
                           return std::string(info.param == LayoutKind::tenant ? "Tenant" : "Collection");
                         });

TEST_P(QdrantMemories, AnAgentsMemoriesOfEverySpaceGoAndNobodyElses) {
  process.remember(ann, hers, "narrow");
  process.remember(ann, hers, "wide", {1, 0, 0});
  process.remember(ann, also_hers, "kept");
  process.remember(bob, his, "kept");
  erasure.agent_erased(ann, hers);
  EXPECT_TRUE(work.drain(std::chrono::seconds(20)));
  EXPECT_EQ(process.count(ann, hers), 0);
  EXPECT_EQ(process.count(ann, also_hers), 1);
  EXPECT_EQ(process.count(bob, his), 1);
}

TEST_P(QdrantMemories, AUsersMemoriesOfEveryAgentGoAndNobodyElses) {
  process.remember(ann, hers, "gone");
  process.remember(ann, also_hers, "gone too", {1, 0, 0});
  process.remember(bob, his, "kept");
  erasure.user_erased(ann.user());
  EXPECT_TRUE(work.drain(std::chrono::seconds(20)));
  EXPECT_EQ(process.count(ann, hers), 0);
  EXPECT_EQ(process.count(ann, also_hers), 0);
  EXPECT_EQ(process.count(bob, his), 1);
}

TEST_P(QdrantMemories, ItIsTriedAgainUntilItIsDone) {
  process.remember(ann, hers, "gone in the end");
  server.set_fault(R"({"count":9,"kind":"status","status":500,"path":"/collections"})");
  erasure.agent_erased(ann, hers);
  EXPECT_TRUE(work.drain(std::chrono::seconds(20)));
  EXPECT_EQ(process.count(ann, hers), 0);
}

TEST_P(QdrantMemories, WhatNoAgentHasIsFoundAtTheNextStart) {
  process.remember(ann, hers, "an agent that goes unseen");
  process.remember(bob, his, "kept");
  process.runner.run(process.agents.erase(ann, hers, {}));
  QdrantProcess next(qdrant_options(server.url(), GetParam()));
  core::memory::MemoryErasure after({next.store, process.agents, next.runner.cores(), work});
  EXPECT_EQ(next.runner.run(after.reconcile()), 1);
  EXPECT_EQ(next.runner.run(after.reconcile()), 0);
  EXPECT_EQ(next.count(ann, hers), 0);
  EXPECT_EQ(next.count(bob, his), 1);
}

TEST_P(QdrantMemories, AMemoryThatComesTooLateFindsNoAgent) {
  process.remember(ann, hers, "the first");
  process.runner.run(process.agents.erase(ann, hers, {}));
  process.runner.run(process.store.drop_agent(ann, hers));
  const core::memory::NewMemory memory{.item = {.id = base::MemoryId::generate()}, .embedding = {"model", {1, 0}}};
  const auto late = process.runner.run(process.store.add(ann, hers, memory));
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, base::ErrorCode::agent_not_found);
}

TEST_P(QdrantMemories, PruningTellsTheUsersOwnStreamHowMany) {
  for (int i = 0; i < 3; ++i) process.remember(ann, hers, "one of three");
  EXPECT_EQ(process.runner.run(process.store.prune(ann, hers, {.max_items = 1}, {})), 2);
  ASSERT_EQ(process.own_stream.events.size(), 1);
  EXPECT_EQ(process.own_stream.events[0].type, core::events::EventType::memory_pruned);
  EXPECT_EQ(process.own_stream.events[0].payload, R"({"agent_id":")" + hers.str() + R"(","count":2})");
}

TEST_P(QdrantMemories, TwoProcessesThatPruneAtTheSameTimeForgetNothingInsideTheBounds) {
  for (int i = 0; i < 10; ++i) process.remember(ann, hers, "one of ten");
  QdrantProcess other(qdrant_options(server.url(), GetParam()));
  // It has counted, and not yet listed, when this one prunes; no turn keeps the two apart.
  server.take_requests();
  server.set_fault(R"({"count":1,"kind":"hold","path":"/points/scroll"})");
  auto pruning = other.runner.start(other.store.prune(ann, hers, {.max_items = 6}, {}));
  const auto watchdog = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (count_of(server.requests(), "/points/scroll") == 0) ASSERT_LT(std::chrono::steady_clock::now(), watchdog);
  EXPECT_EQ(process.runner.run(process.store.prune(ann, hers, {.max_items = 6}, {})), 4);
  server.set_fault(R"({"count":0})");
  EXPECT_EQ(pruning.take(), 0);
  EXPECT_EQ(process.count(ann, hers), 6);
}

TEST_P(QdrantMemories, MemoriesOfOneMomentAreListedOnceEach) {
  for (int i = 0; i < 5; ++i) {
    core::memory::NewMemory memory{.item = {.id = base::MemoryId::generate()}, .embedding = {"model", {1, 0}}};
    EXPECT_TRUE(process.runner.run(process.store.add(ann, hers, memory)));
  }
  std::set<std::string> seen;
  core::PageRequest page{.limit = 2};
  for (int pages = 0; pages < 3; ++pages) {
    const auto part = process.runner.run(process.store.list(ann, hers, page));
    for (const auto& item : part.items) EXPECT_TRUE(seen.insert(item.id.str()).second);
    page.cursor = part.next_cursor;
  }
  EXPECT_EQ(seen.size(), 5);
  EXPECT_FALSE(page.cursor);
}

}  // namespace
}  // namespace codelab::tests
