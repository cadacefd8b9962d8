#include "core/agents/starter_team.hpp"

#include <set>

#include <boost/json/parse.hpp>
#include <gtest/gtest.h>

#include "base/describe/decode.hpp"
#include "base/describe/encode.hpp"

namespace codelab::core::agents {
namespace {

const base::Timestamp kNow = base::from_micros(1'800'000'000'000'000);

TEST(StarterTeam, IsTheFourOfTheContractInOrder) {
  std::vector<std::string> names;
  for (const Agent& each : starter_team(kNow)) names.push_back(each.name);
  EXPECT_EQ(names, (std::vector<std::string>{"architect", "coder", "debugger", "asker"}));
}

TEST(StarterTeam, IsMadeOfOrdinaryValidAgents) {
  for (const Agent& each : starter_team(kNow)) {
    EXPECT_FALSE(fault_of_agent_name(each.name)) << each.name;
    EXPECT_TRUE(base::decode<AgentConfig>(boost::json::parse(base::encode(each.config)))) << each.name;
    EXPECT_EQ(each.created_at, kNow);
    EXPECT_EQ(each.updated_at, kNow);
    EXPECT_EQ(each.status, AgentStatus::active);
  }
}

TEST(StarterTeam, EveryMemberHasPromptAndIdOfItsOwn) {
  std::set<std::string> prompts;
  std::set<base::AgentId> ids;
  for (int user = 0; user < 2; ++user) {
    for (const Agent& each : starter_team(kNow)) {
      prompts.insert(each.config.system_prompt);
      ids.insert(each.id);
    }
  }
  EXPECT_EQ(prompts.size(), 4U);
  EXPECT_EQ(ids.size(), 8U);
}

}  // namespace
}  // namespace codelab::core::agents
