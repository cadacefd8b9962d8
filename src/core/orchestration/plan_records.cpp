#include <algorithm>
#include <utility>

#include "core/chat/direct_call_events.hpp"
#include "core/orchestration/plan_events.hpp"
#include "core/orchestration/plan_graph.hpp"
#include "core/orchestration/plan_run.hpp"
#include "core/work/work_events.hpp"

namespace codelab::core::orchestration {
namespace {

PlanNode* find_node(Plan& plan, std::string_view id) {
  const auto found = std::ranges::find(plan.nodes, id, &PlanNode::id);
  return found == plan.nodes.end() ? nullptr : &*found;
}

void put(PlanChange& change, const Plan& plan, const PlanNode& node) {
  change.nodes.push_back({.place = static_cast<std::size_t>(&node - plan.nodes.data()), .node = node});
}

void tell(PlanChange& change, const Plan& plan) {
  std::vector<PlanNode> changed;
  changed.reserve(change.nodes.size());
  for (const auto& placed : change.nodes) changed.push_back(placed.node);
  change.events.push_back(plan_updated(plan, changed));
}

chat::TaskError as_task_error(const base::Error& error) {
  return {.code = std::string(base::name_of(error.code)), .detail = error.detail, .retry_after = error.retry_after};
}

chat::TaskError undone(std::string detail) {
  return {.code = std::string(base::name_of(base::ErrorCode::plan_failed)), .detail = std::move(detail)};
}

}  // namespace

base::Task<std::optional<chat::Task>> PlanRun::begin(PlanNode node, agents::CallableAgent agent, base::TaskId step_id) {
  std::optional<chat::Task> begun;
  co_await plan_.change([&](Plan& plan, PlanChange& change) {
    begun.reset();
    PlanNode* stored = find_node(plan, node.id);
    if (!may_begin(stored, node)) return false;
    stored->status = NodeStatus::running;
    stored->task_id = step_id;
    ++stored->attempt;
    if (!plan.begun_at) plan.begun_at = change.begun_at = plan.updated_at;
    begun = chat::Task{.id = step_id,
                       .session_id = plan.session_id,
                       .agent_id = agent.id,
                       .agent_name = agent.name,
                       .status = chat::TaskStatus::running,
                       .error = std::nullopt,
                       .request_message_id = call_.request.id,
                       .message_id = std::nullopt,
                       .created_at = plan.updated_at,
                       .started_at = plan.updated_at,
                       .completed_at = std::nullopt,
                       .kind = chat::TaskKind::step,
                       .parent_id = plan.task_id};
    put(change, plan, *stored);
    change.steps.push_back(*begun);
    change.events.push_back(chat::task_started(*begun, stored->attempt));
    tell(change, plan);
    return true;
  });
  co_return begun;
}

base::Task<> PlanRun::end(std::string id, chat::Task step, base::Result<work::Worked> result, chat::Usage usage) {
  co_await plan_.change([&](Plan& plan, PlanChange& change) {
    PlanNode* node = find_node(plan, id);
    if (node == nullptr || is_final(node->status)) return false;
    node->status = result ? NodeStatus::completed : NodeStatus::failed;
    node->usage = usage;
    if (result) {
      node->result = result->text;
    } else {
      node->error = as_task_error(result.error());
    }
    put(change, plan, *node);
    step.status = result ? chat::TaskStatus::completed : chat::TaskStatus::failed;
    step.completed_at = plan.updated_at;
    step.error = node->error;
    change.steps.push_back(step);
    change.events.push_back(result ? work::step_completed(step, node->id, result->text, usage)
                                   : chat::task_failed(step));
    tell(change, plan);
    return true;
  });
}

base::Task<> PlanRun::refuse(PlanNode known, base::Error error) {
  co_await plan_.change([&](Plan& plan, PlanChange& change) {
    PlanNode* node = find_node(plan, known.id);
    if (!may_begin(node, known)) return false;
    const bool ran = node->status == NodeStatus::running;
    node->status = NodeStatus::failed;
    node->error = as_task_error(error);
    put(change, plan, *node);
    if (ran) {
      const chat::Task step = ended_step(plan, *node, chat::TaskStatus::failed);
      change.steps.push_back(step);
      change.events.push_back(chat::task_failed(step));
    }
    tell(change, plan);
    return true;
  });
}

/// Of a node that ran in nobody's hand, or is stopped.
chat::Task PlanRun::ended_step(const Plan& plan, const PlanNode& node, chat::TaskStatus status) const {
  return {.id = node.task_id.value(),
          .session_id = plan.session_id,
          .agent_id = {},
          .agent_name = node.agent,
          .status = status,
          .error = node.error,
          .request_message_id = call_.request.id,
          .message_id = std::nullopt,
          .created_at = plan.updated_at,
          .started_at = std::nullopt,
          .completed_at = plan.updated_at,
          .kind = chat::TaskKind::step,
          .parent_id = plan.task_id};
}

base::Task<> PlanRun::skip_hopeless() {
  if (hopeless(plan_->nodes).empty()) co_return;
  co_await plan_.change([](Plan& plan, PlanChange& change) {
    for (const std::size_t i : hopeless(plan.nodes)) {
      plan.nodes[i].status = NodeStatus::skipped;
      plan.nodes[i].error = undone("what it depends on was not done");
      put(change, plan, plan.nodes[i]);
    }
    tell(change, plan);
    return !change.nodes.empty();
  });
}

/// What the bounds of the plan have left.
base::Task<> PlanRun::leave_undone() {
  const bool all = std::ranges::all_of(plan_->nodes, [](const PlanNode& node) { return is_final(node.status); });
  if (all) co_return;
  co_await plan_.change([this](Plan& plan, PlanChange& change) {
    for (PlanNode& node : plan.nodes) {
      if (is_final(node.status)) continue;
      const bool ran = node.status == NodeStatus::running;
      node.status = ran ? NodeStatus::cancelled : NodeStatus::skipped;
      node.error = undone("the plan had used up its time or its money");
      put(change, plan, node);
      if (!ran) continue;
      const chat::Task step = ended_step(plan, node, chat::TaskStatus::cancelled);
      change.steps.push_back(step);
      change.events.push_back(chat::task_cancelled(step));
    }
    tell(change, plan);
    return !change.nodes.empty();
  });
}

}  // namespace codelab::core::orchestration
