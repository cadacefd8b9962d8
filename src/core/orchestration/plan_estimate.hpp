#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>

#include "core/models/price_table.hpp"
#include "core/orchestration/orchestrator.hpp"
#include "core/orchestration/plan.hpp"
#include "core/orchestration/plan_store.hpp"

namespace codelab::core::orchestration {

/// What plans are estimated by.
struct EstimateBasis {
  std::span<const PastWork> past;
  const models::PriceTable& prices;
  /// Of an agent, by its name.
  std::function<std::string(const std::string&)> model_of;
  /// That puts the results together.
  std::string synthesis_model;
  /// Nodes at the same time.
  double parallel = 4;
};

/// Each node takes what its agent took lately on the average, or where nothing is known ten seconds and a thousand
/// tokens besides its instruction. The plan takes as long as its longest chain, or as all of it over `parallel`
/// workers, if that is longer, and the putting together of several results. No I/O, no state.
PlanEstimate estimate(const Plan& plan, const EstimateBasis& basis);

/// Whether it is above what the plan may take.
bool is_risky(const PlanEstimate& estimate, const OrchestratorConfig& config);

}  // namespace codelab::core::orchestration
