#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "core/orchestration/plan.hpp"
#include "core/orchestration/plan_draft.hpp"

/// The rules of a plan's graph. No I/O, no state.
namespace codelab::core::orchestration {

/// Every fault of the graph: ids that are taken, agents that are not there, dependencies that are not there or go round
/// in a circle, more nodes than `max_nodes`. Empty for a plan that can be run.
std::vector<base::FieldError> faults_of(std::span<const NodeDraft> nodes, std::span<const std::string> agents,
                                        std::size_t max_nodes);

/// The nodes of a plan without faults, each behind those that it depends on, else in their order. Kahn's algorithm.
std::vector<PlanNode> ordered(std::vector<NodeDraft> nodes);

/// Indexes of the nodes that may begin now: all that they depend on is completed.
std::vector<std::size_t> ready(std::span<const PlanNode> nodes);
/// Indexes of the nodes that can never begin: something that they depend on has ended without a result.
std::vector<std::size_t> hopeless(std::span<const PlanNode> nodes);

/// The sum of `cost` along the most costly chain of nodes that are not final yet: how long the plan takes at least.
double critical_path(std::span<const PlanNode> nodes, const std::function<double(const PlanNode&)>& cost);

}  // namespace codelab::core::orchestration
