#include <gtest/gtest.h>

#include "tests/contract/stores.hpp"

namespace codelab::tests {
namespace {

using core::agents::Agent;

class AgentStoreContract : public StoreContract {};

CODELAB_OVER_EVERY_STORE(AgentStoreContract);

TEST_P(AgentStoreContract, KeepsEveryFieldOfAnAgent) {
  const auto user = new_user();
  Agent agent{.id = base::AgentId::generate(), .name = "coder"};
  agent.config.system_prompt = "say \"hi\"";
  agent.config.temperature = 0.3;
  agent.config.tools = {"search"};
  agent.config.memory.top_k = 9;
  agent.config.metadata = {{"team", "blue"}};
  agent.created_at = agent.updated_at = clock.now();
  ASSERT_TRUE(run_task(stores->agents().create(user, agent)));
  const auto found = run_task(stores->agents().find(user, core::agents::AgentRef::parse(agent.id.str())));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->name, "coder");
  EXPECT_EQ(found->config.system_prompt, "say \"hi\"");
  EXPECT_DOUBLE_EQ(found->config.temperature, 0.3);
  EXPECT_EQ(found->config.tools, agent.config.tools);
  EXPECT_EQ(found->config.memory.top_k, 9);
  EXPECT_EQ(found->config.metadata, agent.config.metadata);
  EXPECT_EQ(found->created_at, agent.created_at);
}

TEST_P(AgentStoreContract, FindsAnAgentByName) {
  const auto user = new_user();
  const auto agent = new_agent(user, "coder");
  EXPECT_EQ(run_task(stores->agents().find(user, core::agents::AgentRef::parse("coder")))->id, agent.id);
  EXPECT_FALSE(run_task(stores->agents().find(user, core::agents::AgentRef::parse("nobody"))));
}

TEST_P(AgentStoreContract, RefusesANameThatIsTaken) {
  const auto user = new_user();
  new_agent(user, "coder");
  const auto again = run_task(stores->agents().create(user, {.id = base::AgentId::generate(), .name = "coder"}));
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, base::ErrorCode::name_taken);
}

TEST_P(AgentStoreContract, TwoUsersMayUseOneNameAndNeverMeet) {
  const auto ann = new_user();
  const auto bob = new_user();
  const auto hers = new_agent(ann, "coder");
  const auto his = new_agent(bob, "coder");
  EXPECT_EQ(run_task(stores->agents().find(ann, {.name = "coder"}))->id, hers.id);
  EXPECT_FALSE(run_task(stores->agents().find(ann, {.id = his.id})));
  EXPECT_EQ(run_task(stores->agents().list(ann, {})).total, 1);
  EXPECT_FALSE(run_task(stores->agents().erase(ann, his.id, clock.now())));
  const auto replaced = run_task(stores->agents().replace(ann, his, his.updated_at));
  ASSERT_FALSE(replaced);
  EXPECT_EQ(replaced.error().code, base::ErrorCode::agent_not_found);
  EXPECT_TRUE(run_task(stores->agents().find(bob, {.id = his.id})));
}

TEST_P(AgentStoreContract, ListsOldestFirstPageByPage) {
  const auto user = new_user();
  for (const auto* name : {"one", "two", "three"}) new_agent(user, name);
  const auto first = run_task(stores->agents().list(user, {.limit = 2}));
  ASSERT_EQ(first.items.size(), 2);
  EXPECT_EQ(first.items[0].name, "one");
  EXPECT_EQ(first.total, 3);
  ASSERT_TRUE(first.next_cursor);
  const auto second = run_task(stores->agents().list(user, {.limit = 2, .cursor = first.next_cursor}));
  ASSERT_EQ(second.items.size(), 1);
  EXPECT_EQ(second.items[0].name, "three");
  EXPECT_FALSE(second.next_cursor);
}

TEST_P(AgentStoreContract, ACursorThatIsNoneBeginsAnew) {
  const auto user = new_user();
  new_agent(user, "one");
  EXPECT_EQ(run_task(stores->agents().list(user, {.limit = 2, .cursor = "' OR 1=1 --"})).items.size(), 1);
}

TEST_P(AgentStoreContract, ReplacesNameAndConfigOnly) {
  const auto user = new_user();
  const auto agent = new_agent(user, "coder");
  auto changed = agent;
  changed.name = "tester";
  changed.config.temperature = 1.5;
  changed.created_at = {};
  changed.updated_at = clock.now();
  const auto replaced = run_task(stores->agents().replace(user, changed, agent.updated_at));
  ASSERT_TRUE(replaced);
  EXPECT_EQ(replaced->created_at, agent.created_at);
  const auto found = run_task(stores->agents().find(user, {.name = "tester"}));
  ASSERT_TRUE(found);
  EXPECT_DOUBLE_EQ(found->config.temperature, 1.5);
  EXPECT_EQ(found->updated_at, changed.updated_at);
  EXPECT_FALSE(run_task(stores->agents().find(user, {.name = "coder"})));
}

TEST_P(AgentStoreContract, RefusesToReplaceWhatWasChangedMeanwhile) {
  const auto user = new_user();
  const auto agent = new_agent(user, "coder");
  auto changed = agent;
  changed.updated_at = clock.now();
  ASSERT_TRUE(run_task(stores->agents().replace(user, changed, agent.updated_at)));
  const auto late = run_task(stores->agents().replace(user, changed, agent.updated_at));
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, base::ErrorCode::state_conflict);
}

TEST_P(AgentStoreContract, RefusesToReplaceWithANameThatIsTaken) {
  const auto user = new_user();
  const auto coder = new_agent(user, "coder");
  new_agent(user, "tester");
  auto changed = coder;
  changed.name = "tester";
  const auto replaced = run_task(stores->agents().replace(user, changed, coder.updated_at));
  ASSERT_FALSE(replaced);
  EXPECT_EQ(replaced.error().code, base::ErrorCode::name_taken);
}

TEST_P(AgentStoreContract, ErasesOnceAndKeepsPastMessages) {
  const auto user = new_user();
  const auto agent = new_agent(user, "coder");
  const auto session = new_session(user);
  auto call = new_call(session);
  call.task.agent_id = agent.id;
  ASSERT_TRUE(run_task(stores->tasks().begin(user, call)));
  EXPECT_TRUE(run_task(stores->agents().erase(user, agent.id, clock.now())));
  EXPECT_FALSE(run_task(stores->agents().erase(user, agent.id, clock.now())));
  EXPECT_FALSE(run_task(stores->agents().find(user, {.id = agent.id})));
  EXPECT_EQ(run_task(stores->messages().list(user, session.id, {}))->total, 1);
}

TEST_P(AgentStoreContract, TellsEveryChangeInTheUsersOwnStream) {
  const auto user = new_user();
  const auto agent = new_agent(user, "coder");
  auto changed = agent;
  changed.updated_at = clock.now();
  run_task(stores->agents().replace(user, changed, agent.updated_at)).value();
  run_task(stores->agents().erase(user, agent.id, clock.now()));
  EXPECT_EQ(own_event_types(user),
            (std::vector<std::string>{"USER_REGISTERED", "AGENT_CREATED", "AGENT_UPDATED", "AGENT_DELETED"}));
}

TEST_P(AgentStoreContract, ARefusedChangeTellsNothing) {
  const auto user = new_user();
  new_agent(user, "coder");
  run_task(stores->agents().create(user, {.id = base::AgentId::generate(), .name = "coder"})).error();
  run_task(stores->agents().erase(user, base::AgentId::generate(), clock.now()));
  EXPECT_TRUE(relay.take().empty());
  EXPECT_EQ(own_event_types(user).size(), 2);
}

}  // namespace
}  // namespace codelab::tests
