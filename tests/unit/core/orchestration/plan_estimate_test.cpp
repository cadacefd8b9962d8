#include "core/orchestration/plan_estimate.hpp"

#include <vector>

#include <gtest/gtest.h>

namespace codelab::core::orchestration {
namespace {

PlanNode node(std::string id, std::string agent, std::vector<std::string> needs = {}) {
  PlanNode node;
  node.id = std::move(id);
  node.agent = std::move(agent);
  node.depends_on = std::move(needs);
  return node;
}

const std::vector<PastWork> kPast{{.agent = "quick", .seconds = 1, .prompt_tokens = 100, .completion_tokens = 10},
                                  {.agent = "slow", .seconds = 30, .prompt_tokens = {}, .completion_tokens = {}}};

PlanEstimate estimated(std::vector<PlanNode> nodes, double parallel = 4, const std::string& model = "gpt-4o-mini") {
  const auto prices = models::PriceTable::built_in();
  const Plan plan{.nodes = std::move(nodes)};
  return estimate(plan, {.past = kPast,
                         .prices = prices,
                         .model_of = [&](const std::string&) { return model; },
                         .synthesis_model = model,
                         .parallel = parallel});
}

TEST(PlanEstimate, OneNodeTakesWhatItsAgentTookLately) {
  const auto one = estimated({node("a", "quick")});
  EXPECT_DOUBLE_EQ(one.seconds, 1);
  EXPECT_EQ(one.tokens, 110);
  EXPECT_GT(one.cost_usd.value(), 0);
}

TEST(PlanEstimate, WhatIsNotKnownIsTakenForUsual) {
  const auto one = estimated({node("a", "stranger")});
  EXPECT_DOUBLE_EQ(one.seconds, 10);
  EXPECT_EQ(one.tokens, 1'000);
}

TEST(PlanEstimate, AChainTakesTheSumAndPartsBesideOneAnotherTheLongest) {
  const double synthesis = 10;
  EXPECT_DOUBLE_EQ(estimated({node("a", "slow"), node("b", "slow", {"a"})}).seconds, 60 + synthesis);
  EXPECT_DOUBLE_EQ(estimated({node("a", "slow"), node("b", "quick")}).seconds, 30 + synthesis);
}

TEST(PlanEstimate, FewWorkersTakeLonger) {
  EXPECT_DOUBLE_EQ(estimated({node("a", "slow"), node("b", "slow"), node("c", "slow")}, 1).seconds, 90 + 10);
}

TEST(PlanEstimate, WithoutAPriceThereIsNoCost) {
  EXPECT_FALSE(estimated({node("a", "quick")}, 4, "a model without a price").cost_usd);
}

TEST(PlanEstimate, RiskyIsWhatMayTakeMoreThanItMay) {
  const PlanEstimate known{.seconds = 100, .tokens = 0, .cost_usd = 2.0};
  EXPECT_FALSE(is_risky(known, {.max_seconds = 100, .max_cost_usd = 0}));
  EXPECT_FALSE(is_risky(known, {.max_seconds = 100, .max_cost_usd = 2}));
  EXPECT_TRUE(is_risky(known, {.max_seconds = 99}));
  EXPECT_TRUE(is_risky(known, {.max_cost_usd = 1}));
  EXPECT_TRUE(is_risky({.seconds = 1, .tokens = 1, .cost_usd = {}}, {.max_cost_usd = 1}));
}

}  // namespace
}  // namespace codelab::core::orchestration
