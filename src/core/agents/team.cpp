#include "core/agents/team.hpp"

#include <algorithm>

#include "core/memory/agent_memory.hpp"

namespace codelab::core::agents {
namespace {

constexpr std::int64_t kTeamSize = 50;
constexpr std::size_t kDescriptionBytes = 300;

}  // namespace

std::string description_of(std::string_view system_prompt) {
  const std::string_view paragraph = system_prompt.substr(0, system_prompt.find("\n\n"));
  std::string description(memory::utf8_prefix(paragraph, kDescriptionBytes));
  std::ranges::replace(description, '\n', ' ');
  return description;
}

base::Task<std::vector<TeamMember>> team_of(AgentRegistry& agents, identity::UserScope scope) {
  auto page = co_await agents.list(scope, {.limit = kTeamSize});
  std::vector<TeamMember> team;
  for (const Agent& agent : page.items) {
    team.push_back({.name = agent.name, .description = description_of(agent.config.system_prompt)});
  }
  co_return team;
}

}  // namespace codelab::core::agents
