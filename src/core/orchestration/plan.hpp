#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/describe/fields.hpp"
#include "base/ids.hpp"
#include "core/chat/values.hpp"

/// Automatic mode: a message that names no agent is planned into a graph of tasks for the user's agents.
namespace codelab::core::orchestration {

using PlanId = base::Id<struct PlanTag>;

/// skipped: what it depends on has failed, or the plan's time or money was used up.
enum class NodeStatus : std::uint8_t { pending, running, completed, failed, skipped, cancelled };

constexpr bool is_final(NodeStatus status) { return status >= NodeStatus::completed; }

/// One task of a plan.
struct PlanNode {
  /// Within its plan.
  std::string id;
  /// The agent's name.
  std::string agent;
  std::string instruction;
  std::string expected_output;
  std::vector<std::string> depends_on;
  NodeStatus status = NodeStatus::pending;
  /// Once it has begun.
  std::optional<base::TaskId> task_id;
  /// How often it was begun.
  std::int64_t attempt = 0;
  std::optional<std::string> result;
  std::optional<chat::TaskError> error;
  std::optional<chat::Usage> usage;

  static constexpr std::string_view kName = "PlanNode";
  static constexpr bool kAnswer = true;
  static constexpr auto describe() {
    using base::field;
    return base::fields(
        field("id", &PlanNode::id), field("agent", &PlanNode::agent), field("instruction", &PlanNode::instruction),
        field("expected_output", &PlanNode::expected_output), field("depends_on", &PlanNode::depends_on),
        field("status", &PlanNode::status), field("task_id", &PlanNode::task_id), field("attempt", &PlanNode::attempt),
        field("result", &PlanNode::result), field("error", &PlanNode::error), field("usage", &PlanNode::usage));
  }
};

/// What a plan was thought to take when it was made.
struct PlanEstimate {
  double seconds = 0;
  std::int64_t tokens = 0;
  /// Null when the price of a model is not known.
  std::optional<double> cost_usd;

  static constexpr std::string_view kName = "PlanEstimate";
  static constexpr bool kAnswer = true;
  static constexpr auto describe() {
    using base::field;
    return base::fields(field("seconds", &PlanEstimate::seconds), field("tokens", &PlanEstimate::tokens),
                        field("cost_usd", &PlanEstimate::cost_usd));
  }
};

struct Plan {
  PlanId id;
  base::SessionId session_id;
  /// The task that it is the work of. As that stands the plan stands.
  base::TaskId task_id;
  std::string goal;
  chat::TaskStatus status = chat::TaskStatus::running;
  /// Each behind those that it depends on.
  std::vector<PlanNode> nodes;
  /// What it cost to make the plan.
  chat::Usage planning;
  std::optional<PlanEstimate> estimate;
  base::Timestamp created_at;
  base::Timestamp updated_at;
  /// When the first of its nodes began.
  std::optional<base::Timestamp> begun_at;
  /// 1 when it was made, and one more with each change.
  std::int64_t version = 1;

  static constexpr std::string_view kName = "Plan";
  static constexpr bool kAnswer = true;
  static constexpr auto describe() {
    using base::field;
    return base::fields(
        field("id", &Plan::id), field("session_id", &Plan::session_id), field("task_id", &Plan::task_id),
        field("goal", &Plan::goal), field("status", &Plan::status), field("nodes", &Plan::nodes),
        field("planning", &Plan::planning), field("estimate", &Plan::estimate), field("created_at", &Plan::created_at),
        field("updated_at", &Plan::updated_at), field("begun_at", &Plan::begun_at), field("version", &Plan::version));
  }
};

}  // namespace codelab::core::orchestration

template <>
struct codelab::base::EnumNames<codelab::core::orchestration::NodeStatus> {
  static constexpr std::array<std::string_view, 6> kNames{"pending", "running", "completed",
                                                          "failed",  "skipped", "cancelled"};
};
