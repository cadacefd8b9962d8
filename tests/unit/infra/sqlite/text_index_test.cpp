#include <gtest/gtest.h>

#include "base/store_error.hpp"
#include "infra/sqlite/agent_store.hpp"
#include "infra/sqlite/fts_functions.hpp"
#include "infra/sqlite/memory_store.hpp"
#include "infra/sqlite/rows.hpp"
#include "infra/sqlite/user_store.hpp"
#include "tests/contract/run_task.hpp"
#include "tests/contract/store_doubles.hpp"
#include "tests/contract/temporary_folder.hpp"

namespace codelab::infra::sqlite {
namespace {

constexpr Sql kQueryWords = "SELECT query_words(?)";
constexpr Sql kCompare = "INSERT INTO memories_fts (memories_fts, rank) VALUES ('integrity-check', 1)";

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

  std::string words_of(const std::string& text) {
    return tests::run_task(database.readers().run(
        "words", [&](Connection& sql) { return value_of<std::string>(sql.query(kQueryWords, text)); }));
  }

  core::identity::UserScope scope = core::identity::ScopeIssuer::open(base::UserId::generate());
  base::AgentId agent = base::AgentId::generate();
  tests::TemporaryFolder folder;
  tests::SteppingClock clock;
  tests::RecordingRelay relay;
  StoreObserver observer;
  vectors::CollectionCache collections{1 << 20};
  Database database{{.folder = folder.path()}, clock, relay, observer};
  SqliteUserStore users{database, collections};
  SqliteAgentStore agents{database, collections};
  SqliteMemoryStore memory_store{database, collections};
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

TEST_F(TextIndex, AgreesAfterItsUserIsErased) {
  for (int i = 0; i < 20; ++i) remember("text " + std::to_string(i));
  tests::run_task(users.erase(scope, clock.now()));
  EXPECT_TRUE(index_agrees());
}

TEST_F(TextIndex, ADisagreementWouldShow) {
  remember("the first one");
  tests::run_task(database.writer().run(
      "break", [](Transaction& tx) { return tx.sql().execute("UPDATE memories SET text = 'another'"); }));
  EXPECT_FALSE(index_agrees());
}

TEST_F(TextIndex, QueryWordsAreDistinctByStemAndBounded) {
  EXPECT_EQ(words_of("Dogs, dog! \"DOG\" (cat)*"), "Dogs\ncat\n");
  EXPECT_EQ(words_of(" .,;\"'* "), "");
  std::string many;
  for (int i = 0; i < 100; ++i) many += "w" + std::to_string(i) + " ";
  EXPECT_EQ(std::ranges::count(words_of(many), '\n'), kMaxQueryWords);
  EXPECT_EQ(words_of(std::string(1'000, 'x') + " y"), "y\n");
}

}  // namespace
}  // namespace codelab::infra::sqlite
