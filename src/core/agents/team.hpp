#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/agents/registry.hpp"

namespace codelab::core::agents {

/// What an agent is there for, as models are told it that choose among agents.
struct TeamMember {
  std::string name;
  std::string description;
};

/// The beginning of an agent's system prompt: its first paragraph, at most some hundred bytes.
std::string description_of(std::string_view system_prompt);

/// A user's agents: the first fifty, more than a model can choose from.
base::Task<std::vector<TeamMember>> team_of(AgentRegistry& agents, identity::UserScope scope);

}  // namespace codelab::core::agents
