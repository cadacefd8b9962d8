#include "core/orchestration/plan_graph.hpp"

#include <gtest/gtest.h>

namespace codelab::core::orchestration {
namespace {

using Indexes = std::vector<std::size_t>;
const std::vector<std::string> kAgents{"coder", "writer"};

NodeDraft draft(std::string id, std::vector<std::string> depends_on = {}, std::string agent = "coder") {
  return {.id = std::move(id),
          .agent = std::move(agent),
          .instruction = "work",
          .expected_output = {},
          .depends_on = std::move(depends_on)};
}

std::vector<NodeDraft> diamond() { return {draft("d", {"b", "c"}), draft("b", {"a"}), draft("c", {"a"}), draft("a")}; }

std::string faults(const std::vector<NodeDraft>& nodes, std::size_t most = 8) {
  std::string all;
  for (const auto& each : faults_of(nodes, kAgents, most)) all += each.loc.back() + ": " + each.msg + "\n";
  return all;
}

std::vector<PlanNode> with(std::vector<NodeStatus> statuses) {
  auto nodes = ordered(diamond());
  for (std::size_t i = 0; i < statuses.size(); ++i) nodes[i].status = statuses[i];
  return nodes;
}

TEST(PlanGraph, a_diamond_has_no_fault_and_is_put_in_order) {
  EXPECT_EQ(faults(diamond()), "");
  std::string order;
  for (const PlanNode& each : ordered(diamond())) order += each.id;
  EXPECT_EQ(order, "abcd");
}

TEST(PlanGraph, every_fault_is_named) {
  EXPECT_EQ(faults({}), "nodes: there are none\n");
  EXPECT_EQ(faults(diamond(), 3), "nodes: there are 4, at most 3 are allowed\n");
  EXPECT_EQ(faults({draft("a"), draft("a")}), "id: \"a\" is taken by another node\n");
  EXPECT_EQ(faults({draft("a", {}, "cook")}), "agent: there is no agent \"cook\"; there are: coder, writer\n");
  EXPECT_EQ(faults({draft("a", {"a", "z"})}), "depends_on: depends on itself\ndepends_on: there is no node \"z\"\n");
}

TEST(PlanGraph, a_circle_is_named_with_what_waits_for_it) {
  EXPECT_EQ(faults({draft("a", {"c"}), draft("b", {"a"}), draft("c", {"b"}), draft("d", {"c"}), draft("e")}),
            "nodes: the dependencies of a, b, c, d go round in a circle\n");
}

TEST(PlanGraph, a_node_is_ready_once_all_it_depends_on_is_there) {
  using enum NodeStatus;
  EXPECT_EQ(ready(with({})), Indexes{0});
  EXPECT_EQ(ready(with({running})), Indexes{});
  EXPECT_EQ(ready(with({completed})), (Indexes{1, 2}));
  EXPECT_EQ(ready(with({completed, completed, running})), Indexes{});
  EXPECT_EQ(ready(with({completed, completed, completed})), Indexes{3});
}

TEST(PlanGraph, nothing_is_hoped_for_behind_a_failure) {
  using enum NodeStatus;
  EXPECT_EQ(hopeless(with({})), Indexes{});
  EXPECT_EQ(hopeless(with({failed})), (Indexes{1, 2, 3}));
  EXPECT_EQ(hopeless(with({completed, failed, running})), Indexes{3});
  EXPECT_EQ(hopeless(with({completed, failed, running, skipped})), Indexes{});
}

TEST(PlanGraph, the_critical_path_is_the_longest_chain_that_is_left) {
  const auto cost = [](const PlanNode& node) { return node.id == "c" ? 5.0 : 1.0; };
  EXPECT_EQ(critical_path(with({}), cost), 7);
  EXPECT_EQ(critical_path(with({NodeStatus::completed, NodeStatus::pending, NodeStatus::completed}), cost), 2);
  EXPECT_EQ(critical_path({}, cost), 0);
}

}  // namespace
}  // namespace codelab::core::orchestration
