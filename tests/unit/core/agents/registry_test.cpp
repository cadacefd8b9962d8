#include "core/agents/registry.hpp"

#include <boost/json/parse.hpp>
#include <gtest/gtest.h>

#include "base/store_error.hpp"
#include "infra/inprocess/cache.hpp"
#include "tests/unit/fakes/gate.hpp"
#include "tests/unit/fakes/hand_loop.hpp"
#include "tests/unit/fakes/in_memory_agent_store.hpp"
#include "tests/unit/fakes/manual_clock.hpp"

namespace codelab::core::agents {
namespace {

using base::ErrorCode;
using identity::UserScope;

UserScope new_user() { return identity::ScopeIssuer::open(base::UserId::generate()); }

class AgentRegistryTest : public testing::Test {
 protected:
  base::Result<Agent> create(const std::string& name, AgentConfig config = {}) {
    return loop_.run(registry_.create(user_, {.name = name, .config = std::move(config)}));
  }
  base::Result<CallableAgent> find(const std::string& ref) { return find(user_, ref); }
  base::Result<CallableAgent> find(const UserScope& user, const std::string& ref) {
    return loop_.run(registry_.find(user, AgentRef::parse(ref)));
  }
  base::Result<Agent> patch(const std::string& ref, std::string_view changes) {
    return loop_.run(registry_.patch(user_, AgentRef::parse(ref), boost::json::parse(changes)));
  }
  base::Result<Agent> replace(const std::string& ref, AgentDefinition definition) {
    return loop_.run(registry_.replace(user_, AgentRef::parse(ref), std::move(definition)));
  }
  base::Result<base::AgentId> erase(const std::string& ref) {
    return loop_.run(registry_.erase(user_, AgentRef::parse(ref)));
  }
  template <class T>
  static ErrorCode code_of(const base::Result<T>& result) {
    if (!result) return result.error().code;
    ADD_FAILURE() << "it succeeded";
    return ErrorCode::internal;
  }

  const UserScope user_ = new_user();
  codelab::tests::ManualClock clock_;
  codelab::tests::ManualSteadyClock steady_;
  codelab::tests::InMemoryAgentStore store_;
  infra::inprocess::InProcessCache cache_{1 << 20, [this] { return steady_.now(); }};
  AgentRegistry registry_{store_, cache_, clock_};
  codelab::tests::HandLoop loop_;
};

TEST_F(AgentRegistryTest, an_agent_is_found_by_its_name_and_by_its_id) {
  const auto created = create("coder", {.system_prompt = "Be brief.", .temperature = 0.5});
  ASSERT_TRUE(created);
  for (const auto& ref : {std::string("coder"), created->id.str()}) {
    const auto found = find(ref);
    ASSERT_TRUE(found) << ref;
    EXPECT_EQ(found->id, created->id);
    EXPECT_EQ(found->name, "coder");
    EXPECT_EQ(found->config.system_prompt, "Be brief.");
    EXPECT_EQ(found->config.temperature, 0.5);
  }
}

TEST_F(AgentRegistryTest, agents_are_not_mistaken_for_one_another) {
  const auto coder = create("coder");
  const auto asker = create("asker");
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(find("coder")->id, coder->id);
    EXPECT_EQ(find("asker")->id, asker->id);
    EXPECT_EQ(find(coder->id.str())->name, "coder");
    EXPECT_EQ(find(asker->id.str())->name, "asker");
  }
}

TEST_F(AgentRegistryTest, agents_that_are_known_by_their_ids_alone_are_not_mistaken_for_one_another) {
  const auto coder = create("coder");
  const auto asker = create("asker");
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(loop_.run(registry_.find(user_, {.id = coder->id, .name = {}}))->name, "coder");
    EXPECT_EQ(loop_.run(registry_.find(user_, {.id = asker->id, .name = {}}))->name, "asker");
  }
}

TEST_F(AgentRegistryTest, a_foreign_agent_is_not_there) {
  const auto id = create("coder")->id.str();
  ASSERT_TRUE(find("coder"));
  const auto other = new_user();
  EXPECT_EQ(code_of(find(other, "coder")), ErrorCode::agent_not_found);
  EXPECT_EQ(code_of(find(other, id)), ErrorCode::agent_not_found);
}

TEST_F(AgentRegistryTest, a_name_that_cannot_be_one_is_refused_where_it_stands) {
  for (const std::string name : {"", "two words", "0190a5e4-7b7e-7c1c-8d3e-3f5b6a7c8d9e"}) {
    const auto refused = create(name);
    ASSERT_EQ(code_of(refused), ErrorCode::validation_failed) << name;
    EXPECT_EQ(refused.error().fields.at(0).loc, (std::vector<std::string>{"body", "name"}));
  }
  ASSERT_TRUE(create("coder"));
  EXPECT_EQ(code_of(patch("coder", R"({"name":"two words"})")), ErrorCode::validation_failed);
}

TEST_F(AgentRegistryTest, a_name_is_taken_once) {
  ASSERT_TRUE(create("coder"));
  ASSERT_TRUE(create("asker"));
  EXPECT_EQ(code_of(create("coder")), ErrorCode::name_taken);
  EXPECT_EQ(code_of(patch("asker", R"({"name":"coder"})")), ErrorCode::name_taken);
}

TEST_F(AgentRegistryTest, a_change_is_there_for_the_very_next_read) {
  ASSERT_TRUE(create("coder"));
  ASSERT_TRUE(find("coder"));
  ASSERT_TRUE(patch("coder", R"({"config":{"system_prompt":"new"}})"));
  EXPECT_EQ(find("coder")->config.system_prompt, "new");
  ASSERT_TRUE(replace("coder", {.name = "coder", .config = {.system_prompt = "newer"}}));
  EXPECT_EQ(find("coder")->config.system_prompt, "newer");
}

TEST_F(AgentRegistryTest, an_agent_that_was_missed_is_found_once_it_is_created) {
  EXPECT_EQ(code_of(find("coder")), ErrorCode::agent_not_found);
  ASSERT_TRUE(create("coder"));
  EXPECT_TRUE(find("coder"));
}

TEST_F(AgentRegistryTest, a_renamed_agent_leaves_its_old_name) {
  ASSERT_TRUE(create("coder"));
  ASSERT_TRUE(find("coder"));
  ASSERT_TRUE(patch("coder", R"({"name":"builder"})"));
  EXPECT_EQ(code_of(find("coder")), ErrorCode::agent_not_found);
  EXPECT_TRUE(find("builder"));
}

TEST_F(AgentRegistryTest, a_change_that_comes_while_a_read_is_under_way_is_not_hidden_by_it) {
  ASSERT_TRUE(create("coder"));
  bool changed = false;
  store_.after_find = [&] {
    if (!std::exchange(changed, true)) EXPECT_TRUE(patch("coder", R"({"config":{"system_prompt":"new"}})"));
  };
  ASSERT_TRUE(find("coder"));
  EXPECT_EQ(find("coder")->config.system_prompt, "new");
}

TEST_F(AgentRegistryTest, a_patch_leaves_what_it_does_not_name) {
  ASSERT_TRUE(create("coder", {.system_prompt = "Be brief.", .temperature = 0.5, .memory = {.top_k = 7}}));
  const auto patched = patch("coder", R"({"config":{"temperature":1,"memory":{"min_score":0.5}}})");
  ASSERT_TRUE(patched);
  EXPECT_EQ(patched->name, "coder");
  EXPECT_EQ(patched->config.system_prompt, "Be brief.");
  EXPECT_EQ(patched->config.temperature, 1);
  EXPECT_EQ(patched->config.memory.top_k, 7);
  EXPECT_EQ(patched->config.memory.min_score, 0.5);
}

TEST_F(AgentRegistryTest, a_replacement_leaves_nothing_but_the_id_and_the_birth) {
  const auto created = create("coder", {.system_prompt = "Be brief.", .temperature = 0.5});
  clock_.advance(std::chrono::seconds{1});
  const auto replaced = replace("coder", {.name = "builder", .config = {}});
  ASSERT_TRUE(replaced);
  EXPECT_EQ(replaced->id, created->id);
  EXPECT_EQ(replaced->created_at, created->created_at);
  EXPECT_EQ(replaced->config.temperature, AgentConfig{}.temperature);
  EXPECT_EQ(replaced->config.system_prompt, AgentConfig{}.system_prompt);
}

TEST_F(AgentRegistryTest, a_change_out_of_bounds_changes_nothing) {
  ASSERT_TRUE(create("coder"));
  EXPECT_EQ(code_of(patch("coder", R"({"config":{"temperature":3}})")), ErrorCode::validation_failed);
  EXPECT_EQ(find("coder")->config.temperature, AgentConfig{}.temperature);
}

TEST_F(AgentRegistryTest, of_two_changes_at_once_one_is_refused) {
  ASSERT_TRUE(create("coder"));
  bool changed = false;
  store_.after_find = [&] {
    if (!std::exchange(changed, true)) EXPECT_TRUE(patch("coder", R"({"config":{"system_prompt":"first"}})"));
  };
  EXPECT_EQ(code_of(patch("coder", R"({"config":{"temperature":1}})")), ErrorCode::state_conflict);
  EXPECT_EQ(find("coder")->config.system_prompt, "first");
}

TEST_F(AgentRegistryTest, each_change_is_newer_than_the_last_though_the_clock_stands_still) {
  const auto created = create("coder");
  const auto first = patch("coder", R"({"config":{"temperature":1}})");
  const auto second = patch("coder", R"({"config":{"temperature":2}})");
  EXPECT_GT(first->updated_at, created->updated_at);
  EXPECT_GT(second->updated_at, first->updated_at);
}

TEST_F(AgentRegistryTest, what_a_write_may_have_done_before_it_failed_is_there_for_the_very_next_read) {
  ASSERT_TRUE(create("coder"));
  ASSERT_TRUE(find("coder"));
  store_.after_write = []() -> base::Task<> { throw base::StoreError("the answer to COMMIT is lost"); };
  EXPECT_THROW((void)patch("coder", R"({"config":{"system_prompt":"new"}})"), base::StoreError);
  EXPECT_EQ(find("coder")->config.system_prompt, "new");
  EXPECT_THROW((void)replace("coder", {.name = "builder"}), base::StoreError);
  EXPECT_EQ(code_of(find("coder")), ErrorCode::agent_not_found);
  ASSERT_TRUE(find("builder"));
  EXPECT_THROW((void)erase("builder"), base::StoreError);
  EXPECT_EQ(code_of(find("builder")), ErrorCode::agent_not_found);
}

TEST_F(AgentRegistryTest, what_a_write_did_whose_request_was_cancelled_is_there_for_the_very_next_read) {
  ASSERT_TRUE(create("coder"));
  // As a store does that ends what it began: it looks at no cancellation. The other throws.
  for (const bool is_told : {true, false}) {
    ASSERT_TRUE(find("coder"));
    codelab::tests::Gate gate(false);
    store_.after_write = [&] { return gate.pass(); };
    const std::string prompt = is_told ? "told" : "not told";
    const std::string changes = R"({"config":{"system_prompt":")" + prompt + "\"}}";
    auto change = loop_.start(registry_.patch(user_, AgentRef::parse("coder"), boost::json::parse(changes)));
    ASSERT_FALSE(change->ended());
    if (is_told) gate.open();
    change->cancel();
    loop_.run_until([&] { return change->ended(); });
    EXPECT_EQ(find("coder")->config.system_prompt, prompt);
  }
}

TEST_F(AgentRegistryTest, an_erased_agent_is_gone_for_the_very_next_read) {
  const auto id = create("coder")->id;
  ASSERT_TRUE(find("coder"));
  const auto erased = erase("coder");
  ASSERT_TRUE(erased);
  EXPECT_EQ(*erased, id);
  EXPECT_EQ(code_of(find("coder")), ErrorCode::agent_not_found);
  EXPECT_EQ(code_of(erase("coder")), ErrorCode::agent_not_found);
  EXPECT_EQ(code_of(patch("coder", "{}")), ErrorCode::agent_not_found);
  EXPECT_EQ(code_of(replace("coder", {.name = "coder"})), ErrorCode::agent_not_found);
}

class RecordingListener final : public AgentListener {
 public:
  void agent_erased(const UserScope& scope, const base::AgentId& agent) noexcept override {
    erased.emplace_back(scope, agent);
  }

  std::vector<std::pair<UserScope, base::AgentId>> erased;
};

TEST_F(AgentRegistryTest, listeners_are_told_of_an_agent_that_is_gone_and_of_no_other) {
  RecordingListener listener;
  AgentRegistry registry{store_, cache_, clock_, {&listener}};
  const auto id = create("coder")->id;
  EXPECT_FALSE(loop_.run(registry.erase(new_user(), AgentRef::parse("coder"))));
  EXPECT_TRUE(listener.erased.empty());
  EXPECT_TRUE(loop_.run(registry.erase(user_, AgentRef::parse("coder"))));
  EXPECT_EQ(listener.erased, (std::vector<std::pair<UserScope, base::AgentId>>{{user_, id}}));
}

}  // namespace
}  // namespace codelab::core::agents
