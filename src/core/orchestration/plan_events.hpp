#pragma once

#include <span>
#include <string>
#include <vector>

#include "core/chat/values.hpp"
#include "core/events/event.hpp"
#include "core/orchestration/plan.hpp"

/// The events of a plan and of its steps. Those of the plan belong to the plan's task, those of a step to its own.
namespace codelab::core::orchestration {

/// The whole graph, instructions shortened.
events::NewEvent plan_created(const Plan& plan);
/// The nodes that are new or changed, and the ids of those that are no more.
events::NewEvent plan_updated(const Plan& plan, std::span<const PlanNode> changed,
                              std::span<const std::string> removed = {});
/// Of a completed node's task.
events::NewEvent step_completed(const chat::Task& step, const PlanNode& node);

}  // namespace codelab::core::orchestration
