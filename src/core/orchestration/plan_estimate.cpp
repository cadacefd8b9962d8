#include "core/orchestration/plan_estimate.hpp"

#include <algorithm>
#include <cmath>

#include "core/orchestration/plan_graph.hpp"

namespace codelab::core::orchestration {
namespace {

constexpr double kSeconds = 10;
constexpr double kPromptTokens = 500;
constexpr double kCompletionTokens = 500;
constexpr double kBytesPerToken = 4;

struct Work {
  double seconds = kSeconds;
  models::TokenCounts tokens;
};

Work work_of(const PlanNode& node, const EstimateBasis& basis) {
  const auto past = std::ranges::find(basis.past, node.agent, &PastWork::agent);
  const bool known = past != basis.past.end();
  const double prompt = known && past->prompt_tokens ? *past->prompt_tokens : kPromptTokens;
  const double completion = known && past->completion_tokens ? *past->completion_tokens : kCompletionTokens;
  const double instruction = static_cast<double>(node.instruction.size()) / kBytesPerToken;
  return {
      .seconds = known ? past->seconds : kSeconds,
      .tokens = {.prompt_tokens = std::llround(prompt + instruction), .completion_tokens = std::llround(completion)}};
}

class Sum {
 public:
  explicit Sum(const models::PriceTable& prices) : prices_(prices) {}

  void add(std::string_view model, const models::TokenCounts& tokens) {
    tokens_ += tokens.prompt_tokens + tokens.completion_tokens;
    const auto cost = prices_.cost_usd(model, tokens);
    cost_ = cost && cost_ ? std::optional(*cost_ + *cost) : std::nullopt;
  }
  std::int64_t tokens() const { return tokens_; }
  std::optional<double> cost() const { return cost_; }

 private:
  const models::PriceTable& prices_;
  std::int64_t tokens_ = 0;
  std::optional<double> cost_ = 0;
};

}  // namespace

PlanEstimate estimate(const Plan& plan, const EstimateBasis& basis) {
  Sum sum(basis.prices);
  double work = 0;
  models::TokenCounts synthesis{.prompt_tokens = 0, .completion_tokens = std::llround(kCompletionTokens)};
  for (const PlanNode& node : plan.nodes) {
    const Work each = work_of(node, basis);
    sum.add(basis.model_of(node.agent), each.tokens);
    synthesis.prompt_tokens += each.tokens.completion_tokens;
    work += each.seconds;
  }
  const auto seconds_of = [&](const PlanNode& node) { return work_of(node, basis).seconds; };
  double seconds = std::max(critical_path(plan.nodes, seconds_of), work / std::max(1.0, basis.parallel));
  if (plan.nodes.size() > 1) {
    sum.add(basis.synthesis_model, synthesis);
    seconds += kSeconds;
  }
  return {.seconds = seconds, .tokens = sum.tokens(), .cost_usd = sum.cost()};
}

bool is_risky(const PlanEstimate& estimate, const OrchestratorConfig& config) {
  const bool too_long = estimate.seconds > static_cast<double>(config.max_seconds);
  // A price that is not known is no reason to trust it.
  const bool too_dear = config.max_cost_usd > 0 && (!estimate.cost_usd || *estimate.cost_usd > config.max_cost_usd);
  return too_long || too_dear;
}

}  // namespace codelab::core::orchestration
