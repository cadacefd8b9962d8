#pragma once

#include <vector>

#include "base/clock.hpp"
#include "core/agents/agent.hpp"

namespace codelab::core::agents {

/// The agents that a new user begins with: architect, coder, debugger and asker, in this order. Ordinary agents: they
/// may be changed and deleted.
std::vector<Agent> starter_team(base::Timestamp now);

}  // namespace codelab::core::agents
