#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "base/task.hpp"
#include "core/agents/team.hpp"
#include "core/chat/values.hpp"
#include "core/models/ports.hpp"
#include "core/orchestration/plan.hpp"

namespace codelab::core::orchestration {

struct PlanRequest {
  std::string message;
  /// The session's newest messages before it, oldest first.
  std::vector<chat::Message> history;
  std::vector<agents::TeamMember> team;
  /// Empty: the server's default.
  std::string model;
  /// The user's own, added to the planner's.
  std::string instructions;
  std::size_t max_nodes = 8;
};

struct Planned {
  std::string goal;
  /// Without fault, each behind those that it depends on.
  std::vector<PlanNode> nodes;
};

/// What planning took, whether anything came of it or not.
struct PlanningCost {
  models::TokenCounts tokens;
  std::string model;
};

/// Has a model split a message into tasks for the agents of a user. What it answers is checked, and it is asked again
/// with every fault named. Thread-safe.
class Planner {
 public:
  explicit Planner(models::ChatModel& model) : model_(model) {}

  /// `cost` outlives the call. Errors: as ChatModel; plan_failed when no answer could be mended.
  base::Task<base::Result<Planned>> plan(PlanRequest request, PlanningCost& cost);

 private:
  models::ChatModel& model_;
};

}  // namespace codelab::core::orchestration
