#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/task.hpp"
#include "core/chat/values.hpp"
#include "core/events/event.hpp"
#include "core/identity/user_scope.hpp"
#include "core/orchestration/plan.hpp"

namespace codelab::core::orchestration {

/// What happens to a plan, all of it or nothing.
struct PlanChange {
  /// Of the plan as it will be: version and updated_at are those that it gets, the one before is `version - 1`.
  PlanId plan;
  std::int64_t version = 0;
  base::Timestamp updated_at;
  /// When the first of its nodes begins; one that is known already stays.
  std::optional<base::Timestamp> begun_at = std::nullopt;
  /// New, or other than they were, with their places in the plan (Plan::nodes) from 0.
  struct PlacedNode {
    std::size_t place = 0;
    PlanNode node;
  };
  std::vector<PlacedNode> nodes;
  /// Ids of nodes that are no more.
  std::vector<std::string> removed;
  /// Tasks of nodes that begin or end: stored as they are, whether they were there before or not.
  std::vector<chat::Task> steps;
  /// In order, for the stream of the plan's session.
  std::vector<events::NewEvent> events;
};

inline bool finishes_something(const PlanChange& change) {
  return std::ranges::any_of(change.nodes, [](const auto& each) { return is_final(each.node.status); });
}

/// What an agent has done lately, on the average of the user's newest tasks.
struct PastWork {
  std::string agent;
  double seconds = 0;
  /// Nothing where no answer of the agent is among them.
  std::optional<double> prompt_tokens;
  std::optional<double> completion_tokens;
};

/// stale: the plan has another version than expected. gone: its task has ended, is no more, or is not this process's.
/// Neither has written anything.
enum class Changed : std::uint8_t { yes, stale, gone };

/// Keeps plans. Thread-safe; throws when the store is away.
class PlanStore {
 public:
  virtual ~PlanStore() = default;
  /// The plan of a task that this process runs. stale: the task has a plan already.
  virtual base::Task<Changed> create(identity::UserScope scope, Plan plan, std::vector<events::NewEvent> events) = 0;
  /// By the process that runs `task`, which the plan is the work of.
  virtual base::Task<Changed> change(identity::UserScope scope, chat::Task task, PlanChange change) = 0;
  /// By the user, in whichever process, while `task` is unfinished.
  virtual base::Task<Changed> edit(identity::UserScope scope, chat::Task task, PlanChange change) = 0;
  virtual base::Task<std::optional<Plan>> find(identity::UserScope scope, PlanId plan) = 0;
  virtual base::Task<std::optional<Plan>> of_task(identity::UserScope scope, base::TaskId task) = 0;
  /// Of each agent that has done anything among the user's newest tasks.
  virtual base::Task<std::vector<PastWork>> past_work(identity::UserScope scope) = 0;
};

}  // namespace codelab::core::orchestration
