#include "core/orchestration/plan_editor.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "core/agents/team.hpp"
#include "core/orchestration/plan_events.hpp"
#include "core/orchestration/plan_graph.hpp"

namespace codelab::core::orchestration {
namespace {

/// The plan is changed by those who work on it meanwhile.
constexpr int kTries = 8;

base::Error conflict(std::string why) { return base::make_error(base::ErrorCode::state_conflict, std::move(why)); }

base::Error bad_removal(std::string why) {
  return {.code = base::ErrorCode::validation_failed,
          .detail = "the request is not valid",
          .fields = {{.loc = {"body", "remove"}, .msg = std::move(why)}}};
}

const PlanNode* find_node(const Plan& plan, const std::string& id) {
  const auto found = std::ranges::find(plan.nodes, id, &PlanNode::id);
  return found == plan.nodes.end() ? nullptr : &*found;
}

NodeDraft as_draft(const PlanNode& node) {
  return {.id = node.id,
          .agent = node.agent,
          .instruction = node.instruction,
          .expected_output = node.expected_output,
          .depends_on = node.depends_on};
}

bool says_the_same(const NodeDraft& draft, const PlanNode& node) {
  return draft.agent == node.agent && draft.instruction == node.instruction &&
         draft.expected_output == node.expected_output && draft.depends_on == node.depends_on;
}

std::optional<base::Error> why_not(const Plan& plan, const PlanEdit& edit) {
  if (is_final(plan.status)) return conflict("the plan has ended");
  if (edit.version && *edit.version != plan.version) {
    return conflict(fmt::format("the plan has changed: it has version {} now", plan.version));
  }
  if (std::ranges::all_of(plan.nodes, [](const PlanNode& node) { return is_final(node.status); })) {
    return conflict("all of the plan is done");
  }
  const auto has_begun = [&](const std::string& id) {
    const PlanNode* node = find_node(plan, id);
    return node != nullptr && node->status != NodeStatus::pending;
  };
  for (const NodeDraft& node : edit.nodes) {
    if (has_begun(node.id)) return conflict(fmt::format("the node \"{}\" has begun", node.id));
  }
  for (const std::string& id : edit.remove) {
    if (has_begun(id)) return conflict(fmt::format("the node \"{}\" has begun", id));
    if (find_node(plan, id) == nullptr) return bad_removal(fmt::format("there is no node \"{}\"", id));
    if (std::ranges::count(edit.nodes, id, &NodeDraft::id) > 0) {
      return bad_removal(fmt::format("the node \"{}\" is among the nodes too", id));
    }
  }
  return std::nullopt;
}

/// All nodes as they are to be.
std::vector<NodeDraft> edited(const Plan& plan, const PlanEdit& edit) {
  std::vector<NodeDraft> drafts;
  for (const PlanNode& node : plan.nodes) {
    if (std::ranges::count(edit.remove, node.id) > 0 || std::ranges::count(edit.nodes, node.id, &NodeDraft::id) > 0) {
      continue;
    }
    drafts.push_back(as_draft(node));
  }
  std::ranges::copy(edit.nodes, std::back_inserter(drafts));
  return drafts;
}

/// What has begun stays as it is.
Plan with_nodes(Plan plan, std::vector<NodeDraft> drafts, base::Timestamp now) {
  std::vector<PlanNode> nodes = ordered(std::move(drafts));
  for (PlanNode& node : nodes) {
    const PlanNode* earlier = find_node(plan, node.id);
    if (earlier != nullptr && earlier->status != NodeStatus::pending) node = *earlier;
  }
  plan.nodes = std::move(nodes);
  ++plan.version;
  plan.updated_at = now;
  return plan;
}

PlanChange change_between(const Plan& before, const Plan& after, const PlanEdit& edit) {
  PlanChange change{.plan = after.id, .version = after.version, .updated_at = after.updated_at};
  std::vector<PlanNode> told;
  for (std::size_t place = 0; place < after.nodes.size(); ++place) {
    const PlanNode& node = after.nodes[place];
    const PlanNode* earlier = find_node(before, node.id);
    const bool same = earlier != nullptr && says_the_same(as_draft(node), *earlier);
    const bool moved = earlier == nullptr || earlier != &before.nodes[std::min(place, before.nodes.size() - 1)];
    if (!same || moved) change.nodes.push_back({.place = place, .node = node});
    if (!same) told.push_back(node);
  }
  change.removed = edit.remove;
  change.events.push_back(plan_updated(after, told, edit.remove));
  return change;
}

/// Located by the ids of nodes, where the whole graph says it by their places.
base::Error not_valid(std::vector<base::FieldError> faults, const std::vector<NodeDraft>& drafts) {
  for (base::FieldError& fault : faults) {
    fault.loc.front() = "body";
    if (fault.loc.size() > 2) fault.loc[2] = drafts[std::stoul(fault.loc[2])].id;
  }
  return {
      .code = base::ErrorCode::validation_failed, .detail = "the plan would not be valid", .fields = std::move(faults)};
}

}  // namespace

base::Task<base::Result<Plan>> PlanEditor::edit(identity::UserScope scope, PlanId id, PlanEdit edit) {
  const auto config = (co_await orchestrators_.get(scope)).config;
  for (int tries = 0; tries < kTries; ++tries) {
    auto plan = co_await plans_.find(scope, id);
    if (!plan) co_return base::make_error(base::ErrorCode::plan_not_found, "you have no such plan");
    if (auto reason = why_not(*plan, edit)) co_return std::move(*reason);
    const auto names = co_await agents_of(scope, *plan, edit);
    auto drafts = edited(*plan, edit);
    auto faults = faults_of(drafts, names, static_cast<std::size_t>(config.max_nodes));
    if (!faults.empty()) co_return not_valid(std::move(faults), drafts);
    Plan next = with_nodes(*plan, std::move(drafts), clock_.now());
    const chat::Task task{.id = plan->task_id, .session_id = plan->session_id};
    const auto changed = co_await plans_.edit(scope, task, change_between(*plan, next, edit));
    if (changed == Changed::yes) co_return next;
  }
  co_return conflict("the plan changes all the time; try again");
}

/// An agent that was deleted may have done its part, and a user may have more agents than a planner is told of.
base::Task<std::vector<std::string>> PlanEditor::agents_of(identity::UserScope scope, const Plan& plan,
                                                           const PlanEdit& edit) {
  std::vector<std::string> names;
  for (auto& member : co_await agents::team_of(agents_, scope)) names.push_back(std::move(member.name));
  for (const NodeDraft& node : edit.nodes) {
    const auto agent = co_await agents_.find(scope, agents::AgentRef{.id = {}, .name = node.agent});
    if (agent) names.push_back(node.agent);
  }
  for (const PlanNode& node : plan.nodes) {
    if (node.status != NodeStatus::pending) names.push_back(node.agent);
  }
  co_return names;
}

}  // namespace codelab::core::orchestration
