#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "core/agents/registry.hpp"
#include "core/orchestration/orchestrators.hpp"
#include "core/orchestration/plan_draft.hpp"
#include "core/orchestration/plan_store.hpp"

namespace codelab::core::orchestration {

/// What a user changes of a plan.
struct PlanEdit {
  /// In place of the nodes that have these ids, or new.
  std::vector<NodeDraft> nodes;
  /// Ids.
  std::vector<std::string> remove;
  /// Of the plan that the user has seen; whatever it is, unless given.
  std::optional<std::int64_t> version;

  static constexpr std::string_view kName = "PlanEdit";
  static constexpr auto describe() {
    using base::field;
    return base::fields(
        field("nodes", &PlanEdit::nodes,
              {.max_length = 64, .doc = "In place of the nodes that have these ids, or new ones."}),
        field("remove", &PlanEdit::remove, {.max_length = 64, .doc = "Ids of nodes that are not wanted any more."}),
        field("version", &PlanEdit::version,
              {.minimum = 1, .doc = "Of the plan that you have seen: if it has changed since, you get a 409."}));
  }
};

/// Changes nodes of plans that have not begun, while the others are worked off. Thread-safe.
class PlanEditor {
 public:
  PlanEditor(PlanStore& plans, Orchestrators& orchestrators, agents::AgentRegistry& agents, const base::Clock& clock)
      : plans_(plans), orchestrators_(orchestrators), agents_(agents), clock_(clock) {}

  /// The plan as it is then. Errors: plan_not_found; validation_failed when what it would be is no plan; state_conflict
  /// when a node has begun, the plan has ended or has another version.
  base::Task<base::Result<Plan>> edit(identity::UserScope scope, PlanId plan, PlanEdit edit);

 private:
  base::Task<std::vector<std::string>> agents_of(identity::UserScope scope, const Plan& plan, const PlanEdit& edit);

  PlanStore& plans_;
  Orchestrators& orchestrators_;
  agents::AgentRegistry& agents_;
  const base::Clock& clock_;
};

}  // namespace codelab::core::orchestration
