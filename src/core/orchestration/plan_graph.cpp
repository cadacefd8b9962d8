#include "core/orchestration/plan_graph.hpp"

#include <algorithm>
#include <unordered_map>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace codelab::core::orchestration {
namespace {

using Index = std::unordered_map<std::string_view, std::size_t>;

template <class Node>
Index index_of(std::span<const Node> nodes) {
  Index index;
  for (std::size_t i = 0; i < nodes.size(); ++i) index.emplace(nodes[i].id, i);
  return index;
}

/// Collects faults of nodes where they stand in a draft.
class GraphFaults {
 public:
  void add(std::size_t node, std::string_view field, std::string what) {
    found_.push_back({.loc = {"plan", "nodes", std::to_string(node), std::string(field)}, .msg = std::move(what)});
  }
  void add(std::string what) { found_.push_back({.loc = {"plan", "nodes"}, .msg = std::move(what)}); }
  bool empty() const { return found_.empty(); }
  std::vector<base::FieldError> take() { return std::move(found_); }

 private:
  std::vector<base::FieldError> found_;
};

/// Positions in an order in which each node stands behind those that it depends on; those in a circle, and behind one,
/// are left out. Dependencies that are not there do not count.
std::vector<std::size_t> topological(std::span<const NodeDraft> nodes) {
  const Index index = index_of(nodes);
  std::vector<std::size_t> order;
  std::vector<bool> placed(nodes.size(), false);
  const auto waits = [&](const NodeDraft& node) {
    return std::ranges::any_of(node.depends_on, [&](const std::string& id) {
      const auto found = index.find(id);
      return found != index.end() && !placed[found->second];
    });
  };
  for (std::size_t before = nodes.size() + 1; before != order.size();) {
    before = order.size();
    for (std::size_t i = 0; i < nodes.size(); ++i) {
      if (placed[i] || waits(nodes[i])) continue;
      placed[i] = true;
      order.push_back(i);
    }
  }
  return order;
}

/// Those that go round in a circle, and those behind them.
std::string names_in_circle(std::span<const NodeDraft> nodes, const std::vector<std::size_t>& order) {
  std::vector<std::string_view> names;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    if (std::ranges::find(order, i) == order.end()) names.push_back(nodes[i].id);
  }
  return fmt::format("{}", fmt::join(names, ", "));
}

void check_dependencies(const NodeDraft& node, std::size_t position, const Index& index, GraphFaults& faults) {
  for (const std::string& id : node.depends_on) {
    if (id == node.id) {
      faults.add(position, "depends_on", "depends on itself");
    } else if (!index.contains(id)) {
      faults.add(position, "depends_on", fmt::format("there is no node \"{}\"", id));
    }
  }
}

bool has_status(std::span<const PlanNode> nodes, const Index& index, const std::string& id, auto&& matches) {
  const auto found = index.find(id);
  return found != index.end() && matches(nodes[found->second].status);
}

}  // namespace

std::vector<base::FieldError> faults_of(std::span<const NodeDraft> nodes, std::span<const std::string> agents,
                                        std::size_t max_nodes) {
  GraphFaults faults;
  if (nodes.empty()) faults.add("there are none");
  if (nodes.size() > max_nodes)
    faults.add(fmt::format("there are {}, at most {} are allowed", nodes.size(), max_nodes));
  const Index index = index_of(nodes);
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    if (index.at(nodes[i].id) != i) faults.add(i, "id", fmt::format("\"{}\" is taken by another node", nodes[i].id));
    if (std::ranges::find(agents, nodes[i].agent) == agents.end()) {
      faults.add(i, "agent",
                 fmt::format("there is no agent \"{}\"; there are: {}", nodes[i].agent, fmt::join(agents, ", ")));
    }
    check_dependencies(nodes[i], i, index, faults);
  }
  if (!faults.empty()) return faults.take();
  const auto order = topological(nodes);
  if (order.size() < nodes.size()) {
    faults.add(fmt::format("the dependencies of {} go round in a circle", names_in_circle(nodes, order)));
  }
  return faults.take();
}

std::vector<PlanNode> ordered(std::vector<NodeDraft> nodes) {
  const auto order = topological(nodes);
  std::vector<PlanNode> planned;
  for (const std::size_t i : order) {
    NodeDraft& draft = nodes[i];
    PlanNode node;
    node.id = draft.id;
    node.agent = draft.agent;
    node.instruction = draft.instruction;
    node.expected_output = draft.expected_output;
    node.depends_on = draft.depends_on;
    planned.push_back(std::move(node));
  }
  return planned;
}

std::vector<std::size_t> ready(std::span<const PlanNode> nodes) {
  const Index index = index_of(nodes);
  std::vector<std::size_t> found;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    const bool given = std::ranges::all_of(nodes[i].depends_on, [&](const std::string& id) {
      return has_status(nodes, index, id, [](NodeStatus status) { return status == NodeStatus::completed; });
    });
    if (nodes[i].status == NodeStatus::pending && given) found.push_back(i);
  }
  return found;
}

std::vector<std::size_t> hopeless(std::span<const PlanNode> nodes) {
  const Index index = index_of(nodes);
  std::vector<std::size_t> found;
  std::vector<bool> lost(nodes.size(), false);
  // Each node stands behind those that it depends on.
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    lost[i] = is_final(nodes[i].status) && nodes[i].status != NodeStatus::completed;
    if (nodes[i].status != NodeStatus::pending) continue;
    lost[i] = std::ranges::any_of(nodes[i].depends_on, [&](const std::string& id) { return lost[index.at(id)]; });
    if (lost[i]) found.push_back(i);
  }
  return found;
}

double critical_path(std::span<const PlanNode> nodes, const std::function<double(const PlanNode&)>& cost) {
  const Index index = index_of(nodes);
  std::vector<double> until(nodes.size(), 0);
  double longest = 0;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    for (const std::string& id : nodes[i].depends_on) until[i] = std::max(until[i], until[index.at(id)]);
    if (!is_final(nodes[i].status)) until[i] += cost(nodes[i]);
    longest = std::max(longest, until[i]);
  }
  return longest;
}

}  // namespace codelab::core::orchestration
