#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/describe/fields.hpp"
#include "base/ids.hpp"

namespace codelab::core::orchestration {

/// Which plans wait until their user has approved them. risky: those that are thought to take more time or money than
/// they may.
enum class RequireApproval : std::uint8_t { never, risky, always };

/// How a user wants messages to be answered that name no agent.
struct OrchestratorConfig {
  bool enabled = true;
  std::string model;
  std::int64_t max_nodes = 8;
  std::int64_t max_parallel = 4;
  std::int64_t max_seconds = 600;
  double max_cost_usd = 0;
  RequireApproval require_approval = RequireApproval::never;
  std::string instructions;

  static constexpr std::string_view kName = "OrchestratorConfig";
  static constexpr auto describe() {
    using base::field;
    return base::fields(
        field("enabled", &OrchestratorConfig::enabled, {.doc = "Whether messages need not name an agent."}),
        field("model", &OrchestratorConfig::model,
              {.max_length = 200, .doc = "Plans and puts together; empty: the server's default model."}),
        field("max_nodes", &OrchestratorConfig::max_nodes, {.minimum = 1, .maximum = 32, .doc = "Of one plan."}),
        field("max_parallel", &OrchestratorConfig::max_parallel,
              {.minimum = 1, .maximum = 16, .doc = "Nodes of one plan at the same time."}),
        field("max_seconds", &OrchestratorConfig::max_seconds,
              {.minimum = 1, .maximum = 86'400, .doc = "A plan that takes longer is ended with what it has."}),
        field("max_cost_usd", &OrchestratorConfig::max_cost_usd,
              {.minimum = 0,
               .maximum = 10'000,
               .doc = "A plan that has cost so much begins no further node; 0: whatever it costs."}),
        field("require_approval", &OrchestratorConfig::require_approval,
              {.doc = "Which plans wait until you have approved them: never any, risky ones, whose estimate is above "
                      "max_seconds or max_cost_usd, always all."}),
        field("instructions", &OrchestratorConfig::instructions,
              {.max_length = 16'000, .doc = "Yours, for planning and for putting together."}));
  }
};

/// One a user.
struct Orchestrator {
  /// As that of an agent whose tasks its plans are.
  base::AgentId id;
  OrchestratorConfig config;
  base::Timestamp created_at;
  base::Timestamp updated_at;
};

}  // namespace codelab::core::orchestration

template <>
struct codelab::base::EnumNames<codelab::core::orchestration::RequireApproval> {
  static constexpr std::array<std::string_view, 3> kNames{"never", "risky", "always"};
};
