#pragma once

#include <string_view>
#include <vector>

#include "core/agents/team.hpp"

namespace codelab::core::orchestration {

/// Whether a message asks for more than one agent can do at once: several items, work in an order, three tasks or more,
/// or several of the team by name. By words of English and Russian: no model is asked, so it costs nothing, and what it
/// does not see can be asked of the orchestrator by name. No I/O.
bool asks_for_a_plan(std::string_view message, const std::vector<agents::TeamMember>& team);

}  // namespace codelab::core::orchestration
