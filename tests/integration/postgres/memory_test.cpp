#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "infra/postgres/memory_changes.hpp"
#include "tests/integration/postgres/remembering.hpp"
#include "tests/integration/postgres/served.hpp"

/// Several processes remember for the same agents: each has an index of its own, and the database is the truth.
namespace codelab::infra::postgres {
namespace {

using core::identity::UserScope;
using core::memory::MemoryHit;
using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;
using tests::run_task;
using tests::run_tasks;

class PostgresMemory : public testing::Test {
 protected:
  std::vector<std::string> query(const std::string& sql) { return tests::query_postgres(data.superuser(), sql); }

  tests::PostgresDatabase data;
  Served here_served{data};
  Served there_served{data};
  Remembering here{here_served};
  Remembering there{there_served};
  const UserScope user = here_served.new_user();
  const base::AgentId agent = here_served.new_agent(user);
};

TEST_F(PostgresMemory, ASearchFindsWhatAnotherProcessHasJustAdded) {
  for (int i = 0; i < 20; ++i) {
    const auto text = fmt::format("number{}", i);
    (i % 2 == 0 ? here : there).remember_at(user, agent, text, i);
    auto nearest = query_for("", i);
    nearest.candidates = 1;
    EXPECT_THAT((i % 2 == 0 ? there : here).found(user, agent, nearest), ElementsAre(text));
    EXPECT_THAT((i % 2 == 0 ? there : here).found(user, agent, query_for(text, i)).front(), text);
  }
}

/// Were it still in the other's index it would take the place of the next best.
TEST_F(PostgresMemory, WhatAnotherProcessErasedTakesNoPlaceInTheIndex) {
  const auto id = here.remember_at(user, agent, "nearest", 0);
  here.remember_at(user, agent, "next", 10);
  auto nearest = query_for("", 0);
  nearest.candidates = 1;
  EXPECT_THAT(there.found(user, agent, nearest), ElementsAre("nearest"));
  EXPECT_TRUE(run_task(here.store().erase(user, agent, id)));
  EXPECT_THAT(there.found(user, agent, nearest), ElementsAre("next"));
  EXPECT_THAT(there.found(user, agent, query_for("nearest", 0)), ElementsAre("next"));
  EXPECT_THAT(here.found(user, agent, nearest), ElementsAre("next"));
}

TEST_F(PostgresMemory, WhatAnotherProcessPrunedIsNotFound) {
  for (int i = 0; i < 10; ++i) here.remember(user, agent, fmt::format("number{}", i));
  EXPECT_THAT(there.found(user, agent, query_for("number0", 90)), Contains("number0"));
  EXPECT_EQ(run_task(here.store().prune(user, agent, {.max_items = 2}, here_served.clock.now())), 8);
  here.remember(user, agent, "number10");
  EXPECT_THAT(there.found(user, agent, query_for("number0", 90)),
              UnorderedElementsAre("number8", "number9", "number10"));
}

TEST_F(PostgresMemory, AnIndexThatMissedMoreRemovalsThanAreRememberedBeginsAnew) {
  here.remember(user, agent, "first");
  fill_collection(data, agent, kRemovalsKept + 50);
  EXPECT_THAT(there.found(user, agent, query_for("first", 90)), Contains("first"));
  here.remember(user, agent, "last");
  EXPECT_EQ(run_task(here.store().prune(user, agent, {.max_items = 2}, here_served.clock.now())), kRemovalsKept + 50);
  EXPECT_EQ(query("SELECT count(*) FROM memory_removals"), std::vector<std::string>{std::to_string(kRemovalsKept)});
  const auto left = there.found(user, agent, query_for("first", 90));
  EXPECT_EQ(left.size(), 2);
  EXPECT_EQ(run_task(here.store().list(user, agent, {})).total, 2);
}

TEST_F(PostgresMemory, ADatabaseThatWasSetBackIsBelieved) {
  here.remember(user, agent, "kept");
  here.remember(user, agent, "lost");
  EXPECT_THAT(there.found(user, agent, query_for("", 90)), UnorderedElementsAre("kept", "lost"));
  query("DELETE FROM memories WHERE position = 2; UPDATE memory_counters SET last_position = 1");
  auto nearest = query_for("lost", 90);
  nearest.candidates = 1;
  EXPECT_THAT(there.found(user, agent, nearest), ElementsAre("kept"));
}

TEST_F(PostgresMemory, ADatabaseThatGaveLostNumbersToOthersIsBelieved) {
  here.remember(user, agent, "kept");
  here.remember_at(user, agent, "lost", 0);
  EXPECT_THAT(there.found(user, agent, query_for("", 90)), UnorderedElementsAre("kept", "lost"));
  query("DELETE FROM memories WHERE position = 2; UPDATE memory_counters SET last_position = 1");
  here.remember_at(user, agent, "new", 80);
  here.remember_at(user, agent, "newer", 80);
  EXPECT_THAT(there.found(user, agent, query_for("", 0)), UnorderedElementsAre("kept", "new", "newer"));
}

TEST_F(PostgresMemory, ASearchThatMissedNothingIsTwoTrips) {
  for (int i = 0; i < 10; ++i) here.remember(user, agent, fmt::format("number{}", i), {{"even", i % 2 == 0}});
  here.found(user, agent, query_for("number3", 90));
  here_served.observer.take();
  auto filtered = query_for("number4", 90);
  filtered.filter = {{"even", true}};
  EXPECT_THAT(here.found(user, agent, filtered), Contains("number4"));
  EXPECT_THAT(here_served.observer.take(),
              UnorderedElementsAre(std::pair("memory.look", 1), std::pair("memory.fetch", 1)));
  there.remember(user, agent, "number10");
  EXPECT_THAT(here.found(user, agent, query_for("number10", 90)), Contains("number10"));
  EXPECT_THAT(here_served.observer.take(),
              UnorderedElementsAre(std::pair("memory.look", 1), std::pair("memory.fetch", 1)));
}

TEST_F(PostgresMemory, ManyMemoriesAreScoredWithTheirStoredVectors) {
  const auto near = here.remember_at(user, agent, "near", 10);
  fill_collection(data, agent, kManyVectors);
  here.remember_at(user, agent, "zephyr", 60);
  auto some = query_for("zephyr", 0);
  some.candidates = 2;
  const auto found = run_task(there.store().search(user, agent, some));
  ASSERT_GE(found.size(), 2);
  std::map<std::string, MemoryHit> by_text;
  for (const auto& hit : found) by_text.emplace(hit.memory.text, hit);
  EXPECT_EQ(by_text.at("near").memory.id, near);
  EXPECT_NEAR(by_text.at("near").parts.semantic, std::cos(10 * std::acos(-1.0) / 180), 1e-6);
  EXPECT_EQ(by_text.at("near").parts.lexical, 0);
  EXPECT_NEAR(by_text.at("zephyr").parts.semantic, 0.5, 1e-6);
  EXPECT_GT(by_text.at("zephyr").parts.lexical, 0.3);
  there_served.observer.take();
  EXPECT_EQ(there.found(user, agent, some).size(), found.size());
  EXPECT_THAT(there_served.observer.take(),
              UnorderedElementsAre(std::pair("memory.look", 1), std::pair("memory.fetch", 1)));
}

TEST_F(PostgresMemory, IndexesArePushedOutByBytesAndBuiltAgain) {
  constexpr std::size_t kOneIndex = 1;
  Remembering small(here_served, kOneIndex);
  const auto other = here_served.new_agent(user);
  small.remember(user, agent, "of the first");
  small.remember(user, other, "of the second");
  for (int round = 0; round < 3; ++round) {
    EXPECT_THAT(small.found(user, agent, query_for("first", 90)), ElementsAre("of the first"));
    EXPECT_THAT(small.found(user, other, query_for("second", 90)), ElementsAre("of the second"));
    EXPECT_EQ(small.indexes().size(), 1);
  }
  Remembering large(here_served);
  large.found(user, agent, query_for("first"));
  large.found(user, other, query_for("second"));
  EXPECT_EQ(large.indexes().size(), 2);
  EXPECT_GT(large.indexes().bytes(), 0);
}

TEST_F(PostgresMemory, TheIndexOfAnErasedAgentIsDropped) {
  here.remember(user, agent, "text");
  EXPECT_THAT(there.found(user, agent, query_for("text", 90)), ElementsAre("text"));
  PostgresAgentStore agents(here_served.database());
  EXPECT_TRUE(run_task(agents.erase(user, agent, here_served.clock.now())));
  EXPECT_THAT(there.found(user, agent, query_for("text", 90)), IsEmpty());
  EXPECT_EQ(there.indexes().size(), 0);
  for (const auto* table : {"memory_counters", "memory_removals", "memory_collections", "memories", "memory_vectors"}) {
    EXPECT_THAT(query(fmt::format("SELECT count(*) FROM {}", table)), ElementsAre("0")) << table;
  }
}

base::Task<> add_many(Remembering& process, UserScope user, base::AgentId agent, int count, std::string text) {
  for (int i = 0; i < count; ++i) {
    auto memory = process.memory(fmt::format("{}{}", text, i));
    const auto id = memory.item.id;
    const auto added = co_await process.store().add(user, agent, std::move(memory));
    EXPECT_TRUE(added);
    auto query = query_for(fmt::format("{}{}", text, i), 0);
    const auto found = co_await process.store().search(user, agent, std::move(query));
    EXPECT_TRUE(std::ranges::any_of(found, [&](const MemoryHit& hit) { return hit.memory.id == id; }));
  }
}

TEST_F(PostgresMemory, ProcessesThatAddToOneAgentAtOnceAllSucceed) {
  constexpr int kEach = 25;
  std::vector<base::Task<>> work;
  for (int i = 0; i < 3; ++i) {
    work.push_back(add_many(here, user, agent, kEach, fmt::format("here{}x", i)));
    work.push_back(add_many(there, user, agent, kEach, fmt::format("there{}x", i)));
  }
  run_tasks(std::move(work));
  constexpr int kAll = 6 * kEach;
  EXPECT_EQ(query("SELECT count(*), min(position), max(position) FROM memories"),
            std::vector<std::string>{fmt::format("{0}|1|{0}", kAll)});
  auto everything = query_for("", 90);
  everything.candidates = everything.top_k = 2 * kAll;
  EXPECT_EQ(here.found(user, agent, everything).size(), kAll);
  EXPECT_EQ(there.found(user, agent, everything).size(), kAll);
  EXPECT_EQ(run_task(there.store().stats(user, agent)).count, kAll);
}

base::Task<> search_and_count(Remembering& process, UserScope user, base::AgentId agent, std::size_t* found) {
  auto everything = query_for("", 270);
  everything.candidates = everything.top_k = 2'000;
  const auto hits = co_await process.store().search(user, agent, std::move(everything));
  *found += hits.size();
}

TEST_F(PostgresMemory, SearchesThatBuildTheSameIndexAtOnceFindTheSame) {
  constexpr std::int64_t kMany = 2 * kMemoriesATrip + 10;
  here.remember(user, agent, "first");
  fill_collection(data, agent, kMany - 1);
  std::size_t found = 0;
  std::vector<base::Task<>> searches;
  for (int i = 0; i < 4; ++i) searches.push_back(search_and_count(there, user, agent, &found));
  run_tasks(std::move(searches));
  EXPECT_EQ(found, 4 * kMany);
  EXPECT_EQ(there.indexes().size(), 1);
}

/// Adds, erases, prunes and searches until the agent is gone.
base::Task<> use_until_gone(Remembering& process, UserScope user, base::AgentId agent, base::Timestamp now) {
  for (;;) {
    auto memory = process.memory("text");
    const auto id = memory.item.id;
    const auto added = co_await process.store().add(user, agent, std::move(memory));
    if (!added) co_return;
    auto query = query_for("text");
    co_await process.store().search(user, agent, std::move(query));
    co_await process.store().erase(user, agent, id);
    core::memory::PruneRule rule{.max_items = 2};
    co_await process.store().prune(user, agent, rule, now);
  }
}

base::Task<> add_then_erase_agent(Remembering& process, Served& served, UserScope user, base::AgentId agent) {
  for (int i = 0; i < 10; ++i) {
    auto memory = process.memory("text");
    const auto added = co_await process.store().add(user, agent, std::move(memory));
    EXPECT_TRUE(added || added.error().code == base::ErrorCode::agent_not_found);
  }
  PostgresAgentStore agents(served.database());
  const bool erased = co_await agents.erase(user, agent, served.clock.now());
  EXPECT_TRUE(erased);
}

/// A circle of waits would end one of them with a StoreError.
TEST_F(PostgresMemory, AnAgentThatRemembersCanBeErasedAndNobodyWaitsInACircle) {
  for (int round = 0; round < 3; ++round) {
    const auto doomed = here_served.new_agent(user);
    const auto now = here_served.clock.now();
    std::vector<base::Task<>> work;
    for (int i = 0; i < 2; ++i) {
      work.push_back(use_until_gone(here, user, doomed, now));
      work.push_back(use_until_gone(there, user, doomed, now));
    }
    work.push_back(add_then_erase_agent(here, here_served, user, doomed));
    run_tasks(std::move(work));
  }
  EXPECT_EQ(query("SELECT count(*) FROM memories"), std::vector<std::string>{"0"});
}

}  // namespace
}  // namespace codelab::infra::postgres
