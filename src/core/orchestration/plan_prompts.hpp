#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/models/ports.hpp"
#include "core/orchestration/plan.hpp"

/// What agents, the orchestrator and the user are told of a plan.
namespace codelab::core::orchestration {

/// To the agent of `node`: its instruction, the user's request, and the results of what it depends on, shortened so
/// that all of it has about `budget` tokens at most.
std::string step_message(const Plan& plan, const PlanNode& node, std::string_view request, std::int64_t budget);

/// To the model that answers the user: the results of all nodes, and what became of those without. As above.
std::vector<models::PromptMessage> synthesis_prompt(const Plan& plan, std::string_view request,
                                                    std::string_view instructions, std::int64_t budget);

/// To the user, when `why` no model could put the results together: each as its agent gave it.
std::string results_one_by_one(const Plan& plan, std::string_view why);

}  // namespace codelab::core::orchestration
