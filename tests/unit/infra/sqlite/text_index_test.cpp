#include <future>

#include <gtest/gtest.h>

#include "base/store_error.hpp"
#include "infra/sqlite/agent_store.hpp"
#include "infra/sqlite/lexical_search.hpp"
#include "infra/sqlite/memory_store.hpp"
#include "infra/sqlite/rows.hpp"
#include "infra/sqlite/user_store.hpp"
#include "tests/contract/run_task.hpp"
#include "tests/contract/store_doubles.hpp"
#include "tests/contract/temporary_folder.hpp"

namespace codelab::infra::sqlite {
namespace {

constexpr Sql kIndexedRows = "SELECT count(*) FROM memory_texts";
constexpr Sql kCompare = "INSERT INTO memories_fts (memories_fts, rank) VALUES ('integrity-check', 1)";

constexpr std::size_t kMaxTexts = 16;

class TextIndex : public testing::Test {
 protected:
  TextIndex() {
    const core::identity::UserCredentials credentials{.user = {.id = scope.user(), .email = "a@example.org"}};
    EXPECT_TRUE(tests::run_task(users.create(credentials, {{.id = agent, .name = "coder"}})));
  }

  base::MemoryId remember(const std::string& text) {
    const core::memory::NewMemory memory{.item = {.id = base::MemoryId::generate(), .text = text},
                                         .embedding = {"model", {1, 0}}};
    EXPECT_TRUE(tests::run_task(memory_store.add(scope, agent, memory)));
    return memory.item.id;
  }

  /// Whether the index holds just what the memories hold.
  bool index_agrees() {
    return tests::run_task(database.writer().run("compare", [](Transaction& tx) {
      try {
        tx.sql().execute(kCompare);
        return true;
      } catch (const base::StoreError&) {
        return false;
      }
    }));
  }

  std::int64_t indexed_rows() {
    return tests::run_task(database.readers().run(
        "count", [](Connection& sql) { return value_of<std::int64_t>(sql.query(kIndexedRows)); }));
  }

  void remember_more_than_fit_into_memory() {
    for (std::size_t i = 0; i < kMaxTexts; ++i) remember("one that stays " + std::to_string(i));
  }

  static base::Task<bool> hold(Writer& writer, std::future<void>& until) {
    return writer.run("hold", [&until](Transaction&) {
      until.wait();
      return true;
    });
  }

  static base::Task<> release(std::promise<void>& all_wait) {
    all_wait.set_value();
    co_return;
  }

  words::QueryWords query_words(const std::string& text) {
    return tests::run_task(database.readers().run("words", [&](Connection& sql) { return words_of(sql, text); }));
  }

  core::identity::UserScope scope = core::identity::ScopeIssuer::open(base::UserId::generate());
  base::AgentId agent = base::AgentId::generate();
  tests::TemporaryFolder folder;
  tests::SteppingClock clock;
  tests::RecordingRelay relay;
  StoreObserver observer;
  MemoryIndexes indexes{1 << 20, kMaxTexts};
  Database database{{.folder = folder.path()}, clock, relay, observer};
  SqliteUserStore users{database, indexes};
  SqliteAgentStore agents{database, indexes};
  SqliteMemoryStore memory_store{database, indexes};
};

TEST_F(TextIndex, AgreesWithTheMemoriesThroughEveryChange) {
  const auto first = remember("the first one");
  for (int i = 0; i < 300; ++i) remember("text " + std::to_string(i));
  EXPECT_TRUE(index_agrees());
  tests::run_task(memory_store.erase(scope, agent, first));
  EXPECT_TRUE(index_agrees());
  tests::run_task(memory_store.prune(scope, agent, {.max_items = 10}, clock.now()));
  EXPECT_TRUE(index_agrees());
  tests::run_task(agents.erase(scope, agent, clock.now()));
  EXPECT_TRUE(index_agrees());
}

TEST_F(TextIndex, HoldsNothingOfAnAgentWithFewMemoriesAndAllOfAnotherWithMany) {
  for (int i = 0; i < 14; ++i) remember("few " + std::to_string(i));
  EXPECT_EQ(indexed_rows(), 0);
  remember("many");
  EXPECT_EQ(indexed_rows(), 15);
  EXPECT_TRUE(index_agrees());
}

TEST_F(TextIndex, WhatIsFoundDoesNotChangeWithWhereTheWordsAre) {
  const auto found = [&] {
    return tests::run_task(
        memory_store.search(scope, agent, {.text = "zephyr", .embedding = {"model", {0, 1}}, .top_k = 1}));
  };
  remember("my dog is called zephyr");
  ASSERT_EQ(found().size(), 1);
  EXPECT_EQ(found()[0].memory.text, "my dog is called zephyr");
  for (int i = 0; i < 40; ++i) remember("text " + std::to_string(i));
  ASSERT_GT(indexed_rows(), 0);
  ASSERT_EQ(found().size(), 1);
  EXPECT_EQ(found()[0].memory.text, "my dog is called zephyr");
  EXPECT_GT(found()[0].parts.lexical, 0);
}

TEST_F(TextIndex, AgreesAfterItsUserIsErased) {
  remember_more_than_fit_into_memory();
  tests::run_task(users.erase(scope, clock.now()));
  EXPECT_TRUE(index_agrees());
}

TEST_F(TextIndex, AgreesWhenAMemoryComesAndGoesInOneCommit) {
  remember_more_than_fit_into_memory();
  const core::memory::NewMemory memory{.item = {.id = base::MemoryId::generate(), .text = "a short life"},
                                       .embedding = {"model", {1, 0}}};
  std::promise<void> all_wait;
  auto until = all_wait.get_future();
  std::optional<bool> held;
  std::optional<base::Result<core::memory::MemoryItem>> added;
  std::optional<bool> erased;
  std::vector<base::Task<>> tasks;
  tasks.push_back(tests::keep_result(hold(database.writer(), until), held));
  tasks.push_back(tests::keep_result(memory_store.add(scope, agent, memory), added));
  tasks.push_back(tests::keep_result(memory_store.erase(scope, agent, memory.item.id), erased));
  tasks.push_back(release(all_wait));
  tests::run_tasks(std::move(tasks));
  EXPECT_EQ(erased, true);
  EXPECT_TRUE(index_agrees());
}

TEST_F(TextIndex, ADisagreementWouldShow) {
  remember_more_than_fit_into_memory();
  tests::run_task(database.writer().run(
      "break", [](Transaction& tx) { return tx.sql().execute("UPDATE memories SET text = 'another'"); }));
  EXPECT_FALSE(index_agrees());
}

TEST_F(TextIndex, QueryWordsAreDistinctByStemAndBounded) {
  const auto words = query_words("Dogs, dog! \"DOG\" (cat)*");
  EXPECT_EQ(words.stems, (std::vector<std::string>{"dog", "cat"}));
  EXPECT_EQ(words.written, (std::vector<std::string>{"Dogs", "cat"}));
  EXPECT_TRUE(query_words(" .,;\"'* ").stems.empty());
  std::string many;
  for (int i = 0; i < 100; ++i) many += "w" + std::to_string(i) + " ";
  EXPECT_EQ(query_words(many).stems.size(), 64);
  EXPECT_EQ(query_words(std::string(1'000, 'x') + " y").written, std::vector<std::string>{"y"});
}

}  // namespace
}  // namespace codelab::infra::sqlite
