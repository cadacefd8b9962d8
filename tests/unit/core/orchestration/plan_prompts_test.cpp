#include "core/orchestration/plan_prompts.hpp"

#include <algorithm>

#include <gtest/gtest.h>

namespace codelab::core::orchestration {
namespace {

PlanNode node(std::string id, std::vector<std::string> depends_on = {}) {
  return {.id = std::move(id), .agent = "coder", .instruction = "do it", .depends_on = std::move(depends_on)};
}

Plan plan() {
  Plan plan{.goal = "g", .nodes = {node("a"), node("b"), node("c", {"a", "b"})}};
  plan.nodes[0].status = NodeStatus::completed;
  plan.nodes[0].result = "result-of-a";
  plan.nodes[1].status = NodeStatus::failed;
  plan.nodes[1].error = {.code = "model_failed", .detail = "it was too hard"};
  return plan;
}

TEST(PlanPrompts, an_agent_is_told_what_is_expected_and_what_it_builds_on) {
  Plan made = plan();
  made.nodes[2].expected_output = "a table";
  const auto message = step_message(made, made.nodes[2], "the user's words", 1'000);
  EXPECT_TRUE(message.starts_with("do it")) << message;
  for (const auto* part : {"Expected of your answer: a table", "the user's words", "result-of-a", "it was too hard"}) {
    EXPECT_TRUE(message.contains(part)) << part;
  }
  EXPECT_FALSE(step_message(made, made.nodes[0], "x", 1'000).contains("result-of-a"));
}

TEST(PlanPrompts, long_results_share_the_budget) {
  Plan made = plan();
  made.nodes[0].result = std::string(100'000, '~');
  made.nodes[1].result = std::string(100'000, '^');
  const auto message = step_message(made, made.nodes[2], "request", 3'000);
  EXPECT_LT(message.size(), 13'000);
  EXPECT_EQ(std::ranges::count(message, '~'), std::ranges::count(message, '^'));
}

TEST(PlanPrompts, whoever_answers_sees_all_results_and_what_was_not_done) {
  const auto messages = synthesis_prompt(plan(), "the user's words", "Be brief.", 1'000);
  ASSERT_EQ(messages.size(), 2);
  EXPECT_TRUE(messages[0].content.contains("Be brief."));
  for (const auto* part :
       {"the user's words", "result-of-a", "Not done: it was too hard", "Not done: it was not begun"}) {
    EXPECT_TRUE(messages[1].content.contains(part)) << part;
  }
}

TEST(PlanPrompts, without_a_model_the_user_gets_each_result_whole) {
  Plan made = plan();
  made.nodes[0].result = std::string(100'000, '~');
  const auto text = results_one_by_one(made, "no model");
  EXPECT_EQ(std::ranges::count(text, '~'), 100'000);
  EXPECT_TRUE(text.contains("(no model)") && text.contains("it was too hard")) << text.substr(0, 200);
}

}  // namespace
}  // namespace codelab::core::orchestration
