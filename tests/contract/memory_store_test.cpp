#include <cmath>

#include <gtest/gtest.h>

#include "tests/contract/stores.hpp"

namespace codelab::tests {
namespace {

using core::identity::UserScope;
using core::memory::MemoryHit;
using core::memory::MemoryKind;
using core::memory::MemoryQuery;

constexpr auto kModel = "test-model";

/// A unit vector of two dimensions, at that angle in degrees.
core::models::Embedding at_angle(double degrees, const std::string& model = kModel) {
  const double radians = degrees * std::acos(-1.0) / 180;
  return {model, {static_cast<float>(std::cos(radians)), static_cast<float>(std::sin(radians))}};
}

class MemoryStoreContract : public StoreContract {
 protected:
  base::MemoryId remember(const UserScope& user, const base::AgentId& agent, const std::string& text,
                          core::models::Embedding embedding = at_angle(90), boost::json::object metadata = {}) {
    core::memory::NewMemory memory{.item = {.id = base::MemoryId::generate(),
                                            .kind = MemoryKind::note,
                                            .text = text,
                                            .metadata = std::move(metadata),
                                            .created_at = clock.now()},
                                   .embedding = std::move(embedding)};
    memory.item.embedding_model = memory.embedding.model;
    EXPECT_TRUE(run_task(stores->memory().add(user, agent, memory)));
    return memory.item.id;
  }

  std::vector<MemoryHit> search(const UserScope& user, const base::AgentId& agent, MemoryQuery query) {
    return run_task(stores->memory().search(user, agent, std::move(query)));
  }

  std::vector<std::string> texts_found(const UserScope& user, const base::AgentId& agent, MemoryQuery query) {
    std::vector<std::string> texts;
    for (const auto& each : search(user, agent, std::move(query))) texts.push_back(each.memory.text);
    std::ranges::sort(texts);
    return texts;
  }

  std::int64_t count(const UserScope& user, const base::AgentId& agent) {
    return run_task(stores->memory().list(user, agent, {})).total;
  }
};

INSTANTIATE_TEST_SUITE_P(Over, MemoryStoreContract, testing::ValuesIn(memory_store_kinds()), kind_name);

using Texts = std::vector<std::string>;

const MemoryHit* with_text(const std::vector<MemoryHit>& found, const std::string& text) {
  const auto at = std::ranges::find(found, text, [](const MemoryHit& each) { return each.memory.text; });
  return at == found.end() ? nullptr : &*at;
}

TEST_P(MemoryStoreContract, KeepsEveryFieldOfAMemory) {
  const auto user = new_user();
  const auto agent = new_agent(user, "coder");
  const auto id = remember(user, agent.id, "a text", at_angle(0), {{"topic", "x"}, {"n", 3}});
  const auto page = run_task(stores->memory().list(user, agent.id, {}));
  ASSERT_EQ(page.items.size(), 1);
  EXPECT_EQ(page.items[0].id, id);
  EXPECT_EQ(page.items[0].kind, MemoryKind::note);
  EXPECT_EQ(page.items[0].text, "a text");
  EXPECT_EQ(page.items[0].metadata, (boost::json::object{{"topic", "x"}, {"n", 3}}));
  EXPECT_EQ(page.items[0].embedding_model, kModel);
}

TEST_P(MemoryStoreContract, ListsNewestFirstPageByPage) {
  const auto user = new_user();
  const auto agent = new_agent(user, "coder");
  for (const auto* text : {"one", "two", "three"}) remember(user, agent.id, text);
  const auto page = run_task(stores->memory().list(user, agent.id, {.limit = 2}));
  ASSERT_EQ(page.items.size(), 2);
  EXPECT_EQ(page.items[0].text, "three");
  EXPECT_EQ(page.total, 3);
  const auto rest = run_task(stores->memory().list(user, agent.id, {.limit = 2, .cursor = page.next_cursor}));
  ASSERT_EQ(rest.items.size(), 1);
  EXPECT_EQ(rest.items[0].text, "one");
}

TEST_P(MemoryStoreContract, KeepsAMemoryOnceHoweverOftenItIsAdded) {
  const auto user = new_user();
  const auto agent = new_agent(user, "coder");
  core::memory::NewMemory memory{.item = {.id = base::MemoryId::generate(), .text = "x"}, .embedding = at_angle(0)};
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(run_task(stores->memory().add(user, agent.id, memory)));
  EXPECT_EQ(run_task(stores->memory().list(user, agent.id, {})).total, 1);
  EXPECT_EQ(run_task(stores->memory().stats(user, agent.id)).count, 1);
}

TEST_P(MemoryStoreContract, RefusesAMemoryForAnAgentThatIsNotThere) {
  const auto user = new_user();
  core::memory::NewMemory memory{.item = {.id = base::MemoryId::generate(), .text = "x"}, .embedding = at_angle(0)};
  const auto added = run_task(stores->memory().add(user, base::AgentId::generate(), memory));
  ASSERT_FALSE(added);
  EXPECT_EQ(added.error().code, base::ErrorCode::agent_not_found);
}

TEST_P(MemoryStoreContract, FindsByVectorWithTheExactCosine) {
  const auto user = new_user();
  const auto agent = new_agent(user, "coder");
  remember(user, agent.id, "near", at_angle(10));
  remember(user, agent.id, "far", at_angle(80));
  const auto found = search(user, agent.id, {.embedding = at_angle(0), .candidates = 1});
  ASSERT_EQ(found.size(), 1);
  EXPECT_EQ(found[0].memory.text, "near");
  EXPECT_NEAR(found[0].parts.semantic, std::cos(10 * std::acos(-1.0) / 180), 1e-6);
  EXPECT_EQ(found[0].parts.lexical, 0);
}

TEST_P(MemoryStoreContract, FindsByWordsAndScoresTheVectorToo) {
  const auto user = new_user();
  const auto agent = new_agent(user, "coder");
  remember(user, agent.id, "the dog barks", at_angle(60));
  for (int i = 0; i < 5; ++i) remember(user, agent.id, "a cat sleeps", at_angle(1));
  const auto found = search(user, agent.id, {.text = "dogs?", .embedding = at_angle(0), .candidates = 1});
  const auto* dog = with_text(found, "the dog barks");
  ASSERT_NE(dog, nullptr);
  EXPECT_GT(dog->parts.lexical, 0.3);
  EXPECT_LE(dog->parts.lexical, 1);
  EXPECT_NEAR(dog->parts.semantic, 0.5, 1e-6);
}

TEST_P(MemoryStoreContract, SeesAMemoryRightAfterItWasAdded) {
  const auto user = new_user();
  const auto agent = new_agent(user, "coder");
  for (int i = 0; i < 20; ++i) {
    const auto text = "number " + std::to_string(i);
    remember(user, agent.id, text, at_angle(i));
    EXPECT_NE(with_text(search(user, agent.id, {.embedding = at_angle(i), .candidates = 1}), text), nullptr);
  }
}

TEST_P(MemoryStoreContract, NeverComparesVectorsOfDifferentModels) {
  const auto user = new_user();
  const auto agent = new_agent(user, "coder");
  remember(user, agent.id, "first", at_angle(0, "one"));
  remember(user, agent.id, "second", at_angle(0, "two"));
  EXPECT_EQ(texts_found(user, agent.id, {.embedding = at_angle(0, "one")}), Texts{"first"});
  const auto by_words = search(user, agent.id, {.text = "second", .embedding = at_angle(0, "one")});
  ASSERT_NE(with_text(by_words, "second"), nullptr);
  EXPECT_EQ(with_text(by_words, "second")->parts.semantic, 0);
}

TEST_P(MemoryStoreContract, AModelThatChangesItsDimensionBeginsAnew) {
  const auto user = new_user();
  const auto agent = new_agent(user, "coder");
  remember(user, agent.id, "wide", {kModel, {1, 0, 0, 0}});
  remember(user, agent.id, "narrow", at_angle(0));
  EXPECT_EQ(texts_found(user, agent.id, {.embedding = at_angle(0)}), Texts{"narrow"});
}

TEST_P(MemoryStoreContract, FiltersByMetadata) {
  const auto user = new_user();
  const auto agent = new_agent(user, "coder");
  remember(user, agent.id, "red one", at_angle(0), {{"color", "red"}, {"n", 1}});
  remember(user, agent.id, "red two", at_angle(0), {{"color", "red"}, {"n", 2}});
  remember(user, agent.id, "blue one", at_angle(0), {{"color", "blue"}, {"n", 1}});
  const auto found = [&](boost::json::object filter, const std::string& text) {
    return texts_found(user, agent.id, {.text = text, .embedding = at_angle(0), .filter = std::move(filter)});
  };
  EXPECT_EQ(found({{"color", "red"}}, ""), (Texts{"red one", "red two"}));
  EXPECT_EQ(found({{"color", "red"}, {"n", 1.0}}, ""), Texts{"red one"});
  EXPECT_EQ(found({{"color", "red"}}, "blue one"), (Texts{"red one", "red two"}));
  EXPECT_EQ(found({{"color", nullptr}}, ""), Texts{});
  EXPECT_EQ(found({{"n", "1"}}, ""), Texts{});
}

TEST_P(MemoryStoreContract, FilterKeysAreNeverSyntax) {
  const auto user = new_user();
  const auto agent = new_agent(user, "coder");
  const std::string odd = "a') OR 1=1 --\"$.%_[0]\n";
  remember(user, agent.id, "odd", at_angle(0), {{odd, odd}});
  remember(user, agent.id, "plain", at_angle(0), {{"a", "b"}});
  EXPECT_EQ(texts_found(user, agent.id, {.embedding = at_angle(0), .filter = {{odd, odd}}}), Texts{"odd"});
  EXPECT_EQ(texts_found(user, agent.id, {.embedding = at_angle(0), .filter = {{"') OR 1=1 --", 1}}}), Texts{});
}

TEST_P(MemoryStoreContract, QueryTextIsNeverSyntax) {
  const auto user = new_user();
  const auto agent = new_agent(user, "coder");
  remember(user, agent.id, "plain words");
  for (const std::string text :
       {"\"", "\"words", "NOT words", "words*", "text: words", "(words", "words AND", "NEAR(", "-words",
        "'; DROP TABLE users", "^words", "{text}: words", "a\"b\"words", "wor\xff\xfe words"}) {
    EXPECT_NO_THROW(search(user, agent.id, {.text = text, .embedding = at_angle(0)})) << text;
  }
  EXPECT_EQ(texts_found(user, agent.id, {.text = "NOT words", .embedding = at_angle(0, "none")}), Texts{"plain words"});
  const std::string with_nul("plain\0words", 11);
  EXPECT_NO_THROW(search(user, agent.id, {.text = with_nul, .embedding = at_angle(0)}));
}

TEST_P(MemoryStoreContract, AnotherUsersMemoriesAreNotThere) {
  const auto ann = new_user();
  const auto bob = new_user();
  const auto hers = new_agent(ann, "coder");
  const auto his = new_agent(bob, "coder");
  const auto secret = remember(ann, hers.id, "the secret word", at_angle(0));
  const MemoryQuery query{.text = "secret word", .embedding = at_angle(0)};
  EXPECT_EQ(texts_found(bob, his.id, query), Texts{});
  EXPECT_EQ(texts_found(bob, hers.id, query), Texts{});
  EXPECT_EQ(count(bob, hers.id), 0);
  EXPECT_FALSE(run_task(stores->memory().erase(bob, hers.id, secret)));
  EXPECT_EQ(run_task(stores->memory().prune(bob, hers.id, {.max_items = 0}, clock.now())), 0);
  EXPECT_EQ(run_task(stores->memory().stats(bob, hers.id)).count, 0);
  core::memory::NewMemory memory{.item = {.id = base::MemoryId::generate(), .text = "x"}, .embedding = at_angle(0)};
  EXPECT_FALSE(run_task(stores->memory().add(bob, hers.id, memory)));
  EXPECT_EQ(texts_found(ann, hers.id, query), Texts{"the secret word"});
}

TEST_P(MemoryStoreContract, AnotherUsersMemoriesDoNotChangeScores) {
  const auto ann = new_user();
  const auto agent = new_agent(ann, "coder");
  remember(ann, agent.id, "the dog barks");
  remember(ann, agent.id, "a cat sleeps all day long");
  const MemoryQuery query{.text = "dog", .embedding = at_angle(0)};
  const auto before = with_text(search(ann, agent.id, query), "the dog barks")->parts.lexical;
  const auto bob = new_user();
  const auto his = new_agent(bob, "coder");
  for (int i = 0; i < 30; ++i) remember(bob, his.id, "dog dog dog");
  EXPECT_EQ(with_text(search(ann, agent.id, query), "the dog barks")->parts.lexical, before);
}

TEST_P(MemoryStoreContract, AnErasedMemoryIsFoundNoMore) {
  const auto user = new_user();
  const auto agent = new_agent(user, "coder");
  const auto id = remember(user, agent.id, "the dog", at_angle(0));
  remember(user, agent.id, "a cat", at_angle(5));
  const MemoryQuery query{.text = "dog", .embedding = at_angle(0)};
  EXPECT_EQ(texts_found(user, agent.id, query), (Texts{"a cat", "the dog"}));
  EXPECT_TRUE(run_task(stores->memory().erase(user, agent.id, id)));
  EXPECT_FALSE(run_task(stores->memory().erase(user, agent.id, id)));
  EXPECT_EQ(texts_found(user, agent.id, query), Texts{"a cat"});
  EXPECT_EQ(count(user, agent.id), 1);
}

TEST_P(MemoryStoreContract, ADroppedAgentsMemoriesAreGone) {
  const auto user = new_user();
  const auto agent = new_agent(user, "coder");
  for (int i = 0; i < 5; ++i) remember(user, agent.id, "the dog", at_angle(i));
  search(user, agent.id, {.text = "dog", .embedding = at_angle(0)});
  EXPECT_TRUE(run_task(stores->agents().erase(user, agent.id, clock.now())));
  EXPECT_EQ(texts_found(user, agent.id, {.text = "dog", .embedding = at_angle(0)}), Texts{});
  EXPECT_EQ(run_task(stores->memory().stats(user, agent.id)).count, 0);
}

TEST_P(MemoryStoreContract, PrunesTheOldestDownToACount) {
  const auto user = new_user();
  const auto agent = new_agent(user, "coder");
  for (const auto* text : {"one", "two", "three", "four"}) remember(user, agent.id, text);
  EXPECT_EQ(run_task(stores->memory().prune(user, agent.id, {.max_items = 2}, clock.now())), 2);
  EXPECT_EQ(texts_found(user, agent.id, {.embedding = at_angle(90)}), (Texts{"four", "three"}));
  EXPECT_EQ(own_event_types(user).back(), "MEMORY_PRUNED");
}

TEST_P(MemoryStoreContract, PrunesWhatIsOlderThanATime) {
  const auto user = new_user();
  const auto agent = new_agent(user, "coder");
  remember(user, agent.id, "old");
  const auto limit = clock.now();
  remember(user, agent.id, "new");
  EXPECT_EQ(run_task(stores->memory().prune(user, agent.id, {.older_than = limit}, clock.now())), 1);
  EXPECT_EQ(texts_found(user, agent.id, {.embedding = at_angle(90)}), Texts{"new"});
}

TEST_P(MemoryStoreContract, PrunesThousandsAndOtherAgentsKeepTheirs) {
  const auto user = new_user();
  const auto agent = new_agent(user, "coder");
  const auto other = new_agent(user, "other");
  for (int i = 0; i < 600; ++i) remember(user, agent.id, "text " + std::to_string(i));
  remember(user, other.id, "kept");
  EXPECT_EQ(run_task(stores->memory().prune(user, agent.id, {.max_items = 10}, clock.now())), 590);
  EXPECT_EQ(count(user, agent.id), 10);
  EXPECT_EQ(texts_found(user, agent.id, {.text = "589", .embedding = at_angle(0, "none")}), Texts{});
  EXPECT_EQ(texts_found(user, agent.id, {.text = "590", .embedding = at_angle(0, "none")}), Texts{"text 590"});
  EXPECT_EQ(count(user, other.id), 1);
}

TEST_P(MemoryStoreContract, PruningNothingTellsNothing) {
  const auto user = new_user();
  const auto agent = new_agent(user, "coder");
  remember(user, agent.id, "one");
  EXPECT_EQ(
      run_task(stores->memory().prune(user, agent.id, {.max_items = 5, .older_than = base::Timestamp{}}, clock.now())),
      0);
  EXPECT_TRUE(relay.take().empty());
}

TEST_P(MemoryStoreContract, CountsWhatIsThere) {
  const auto user = new_user();
  const auto agent = new_agent(user, "coder");
  remember(user, agent.id, "12345", at_angle(0, "one"));
  const auto gone = remember(user, agent.id, "gone", at_angle(0, "two"));
  remember(user, agent.id, "123", at_angle(0, "two"));
  run_task(stores->memory().erase(user, agent.id, gone));
  const auto stats = run_task(stores->memory().stats(user, agent.id));
  EXPECT_EQ(stats.count, 2);
  EXPECT_EQ(stats.notes, 2);
  EXPECT_EQ(stats.interactions, 0);
  EXPECT_EQ(stats.text_bytes, 8);
  EXPECT_EQ(stats.vector_bytes, 16);
  EXPECT_EQ(stats.embedding_models.size(), 2);
  EXPECT_LT(stats.oldest, stats.newest);
}

TEST_P(MemoryStoreContract, ALongTextIsSearchedByItsLongestWords) {
  const auto user = new_user();
  const auto agent = new_agent(user, "coder");
  remember(user, agent.id, "we met zephyrantes");
  std::string text;
  for (char c = 'a'; c <= 'z'; ++c) text += std::string(3, c) + ' ';
  const auto found = search(user, agent.id, {.text = text + "zephyrantes", .embedding = at_angle(0, "none")});
  ASSERT_EQ(found.size(), 1);
  EXPECT_GT(found[0].parts.lexical, 0);
}

TEST_P(MemoryStoreContract, AfterAChangeOfModelWordsAloneDecide) {
  const auto user = new_user();
  const auto agent = new_agent(user, "coder");
  remember(user, agent.id, "the deploy password rotation", at_angle(0, "old"));
  remember(user, agent.id, "near and wordless", at_angle(80, "new"));
  const auto found = search(user, agent.id, {.text = "password rotation", .embedding = at_angle(0, "new")});
  ASSERT_EQ(found.size(), 2);
  EXPECT_EQ(found[0].memory.text, "the deploy password rotation");
  EXPECT_EQ(found[0].parts.semantic, 0);
  EXPECT_EQ(found[0].score, found[0].parts.lexical);
}

TEST_P(MemoryStoreContract, ARareWordIsFoundBehindThousandsOfCommonOnes) {
  const auto user = new_user();
  const auto agent = new_agent(user, "coder");
  remember(user, agent.id, "my dog is called zephyr");
  for (int i = 0; i < 700; ++i) remember(user, agent.id, "what is the name of my");
  const auto found =
      search(user, agent.id, {.text = "what is zephyr", .embedding = at_angle(0, "none"), .candidates = 3});
  const auto* dog = with_text(found, "my dog is called zephyr");
  ASSERT_NE(dog, nullptr);
  for (const auto& each : found) EXPECT_LE(each.parts.lexical, dog->parts.lexical);
}

}  // namespace
}  // namespace codelab::tests
