#pragma once

#include <span>
#include <string>
#include <vector>

#include "core/events/event.hpp"
#include "core/orchestration/plan.hpp"

/// The events of a plan. They belong to its task.
namespace codelab::core::orchestration {

/// The whole graph, instructions shortened.
events::NewEvent plan_created(const Plan& plan);
/// The nodes that are new or changed, and the ids of those that are no more.
events::NewEvent plan_updated(const Plan& plan, std::span<const PlanNode> changed,
                              std::span<const std::string> removed = {});

}  // namespace codelab::core::orchestration
