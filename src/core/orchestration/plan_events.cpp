#include "core/orchestration/plan_events.hpp"

#include <optional>

#include "base/describe/encode.hpp"
#include "core/chat/targets.hpp"
#include "core/memory/agent_memory.hpp"

namespace codelab::core::orchestration {
namespace {

constexpr std::size_t kPreviewBytes = 500;

struct NodePayload {
  std::string_view id;
  std::string_view agent;
  std::string_view instruction;
  std::string_view expected_output;
  std::vector<std::string> depends_on;
  NodeStatus status = NodeStatus::pending;
  std::optional<base::TaskId> task_id;
  std::optional<chat::TaskError> error;

  static constexpr std::string_view kName = "NodePayload";
  static constexpr auto describe() {
    using base::field;
    return base::fields(field("id", &NodePayload::id), field("agent", &NodePayload::agent),
                        field("instruction", &NodePayload::instruction),
                        field("expected_output", &NodePayload::expected_output),
                        field("depends_on", &NodePayload::depends_on), field("status", &NodePayload::status),
                        field("task_id", &NodePayload::task_id), field("error", &NodePayload::error));
  }
};

struct CreatedPayload {
  PlanId plan_id;
  std::string_view goal;
  std::optional<PlanEstimate> estimate;
  std::vector<NodePayload> nodes;

  static constexpr std::string_view kName = "PlanCreatedPayload";
  static constexpr auto describe() {
    using base::field;
    return base::fields(field("plan_id", &CreatedPayload::plan_id), field("goal", &CreatedPayload::goal),
                        field("estimate", &CreatedPayload::estimate), field("nodes", &CreatedPayload::nodes));
  }
};

struct UpdatedPayload {
  PlanId plan_id;
  std::int64_t version = 0;
  std::vector<NodePayload> nodes;
  std::vector<std::string> removed;

  static constexpr std::string_view kName = "PlanUpdatedPayload";
  static constexpr auto describe() {
    using base::field;
    return base::fields(field("plan_id", &UpdatedPayload::plan_id), field("version", &UpdatedPayload::version),
                        field("nodes", &UpdatedPayload::nodes), field("removed", &UpdatedPayload::removed));
  }
};

std::vector<NodePayload> payloads(std::span<const PlanNode> nodes) {
  std::vector<NodePayload> all;
  for (const PlanNode& node : nodes) {
    all.push_back({.id = node.id,
                   .agent = node.agent,
                   .instruction = memory::utf8_prefix(node.instruction, kPreviewBytes),
                   .expected_output = memory::utf8_prefix(node.expected_output, kPreviewBytes),
                   .depends_on = node.depends_on,
                   .status = node.status,
                   .task_id = node.task_id,
                   .error = node.error});
  }
  return all;
}

events::NewEvent of_plan(const Plan& plan, events::EventType type, std::string payload) {
  return {
      .type = type, .task = plan.task_id, .agent = std::string(chat::kOrchestratorName), .payload = std::move(payload)};
}

}  // namespace

events::NewEvent plan_created(const Plan& plan) {
  const CreatedPayload payload{
      .plan_id = plan.id, .goal = plan.goal, .estimate = plan.estimate, .nodes = payloads(plan.nodes)};
  return of_plan(plan, events::EventType::plan_created, base::encode(payload));
}

events::NewEvent plan_updated(const Plan& plan, std::span<const PlanNode> changed,
                              std::span<const std::string> removed) {
  const UpdatedPayload payload{.plan_id = plan.id,
                               .version = plan.version,
                               .nodes = payloads(changed),
                               .removed = {removed.begin(), removed.end()}};
  return of_plan(plan, events::EventType::plan_updated, base::encode(payload));
}

}  // namespace codelab::core::orchestration
