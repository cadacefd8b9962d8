#include "core/orchestration/plan_runner.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include <boost/asio/this_coro.hpp>

#include "base/log.hpp"
#include "core/chat/answer_text.hpp"
#include "core/orchestration/plan_estimate.hpp"
#include "core/orchestration/plan_events.hpp"
#include "core/orchestration/plan_prompts.hpp"

namespace codelab::core::orchestration {
namespace {

constexpr std::int64_t kHistoryMessages = 20;
constexpr double kSynthesisTemperature = 0.3;

Planned single_node(const std::string& agent, const std::string& message) {
  PlanNode node;
  node.id = "answer";
  node.agent = agent;
  node.instruction = message;
  return {.goal = message, .nodes = {std::move(node)}, .tokens = {}, .model = {}};
}

/// What all of it took, with what is not known left out.
chat::Usage sum(const Plan& plan, const chat::Usage& synthesis) {
  chat::Usage total = plan.planning;
  for (const PlanNode& node : plan.nodes) {
    if (node.usage) chat::add(total, *node.usage);
  }
  chat::add(total, synthesis);
  return total;
}

/// Why nothing came of a plan: what its first node failed with.
base::Error why_none(const Plan& plan) {
  const auto failed = std::ranges::find(plan.nodes, NodeStatus::failed, &PlanNode::status);
  if (failed == plan.nodes.end() || !failed->error) {
    return base::make_error(base::ErrorCode::plan_failed, "no part of the plan was done in its time");
  }
  base::Error error = base::make_error(base::error_code_of(failed->error->code), failed->error->detail);
  error.retry_after = failed->error->retry_after;
  return error;
}

std::size_t done(const Plan& plan) {
  return static_cast<std::size_t>(std::ranges::count(plan.nodes, NodeStatus::completed, &PlanNode::status));
}

}  // namespace

base::Task<> PlanRunner::run(chat::Call call, bus::AgentBus::Turn& turn) {
  co_await ports_.lifecycle.run(call, [&](bool) { return attempt(call, turn); });
}

base::Task<std::optional<base::Error>> PlanRunner::attempt(const chat::Call& call, bus::AgentBus::Turn& turn) {
  co_await turn.come_back();
  const auto config = (co_await ports_.orchestrators.get(call.scope)).config;
  auto plan = co_await plan_of(call, config);
  if (!plan) co_return plan.error();
  const auto begun_at = co_await ports_.gate.pass(call, *plan, config, turn);
  if (!begun_at) co_return begun_at.error();
  PlanRun::Bounds bounds{.parallel = static_cast<std::size_t>(config.max_parallel),
                         .time = std::chrono::seconds{config.max_seconds},
                         .begun_at = *begun_at,
                         .cost_usd = config.max_cost_usd};
  const PlanRun::Ports ports{.plans = ports_.plans,
                             .worker = ports_.worker,
                             .tasks = ports_.tasks,
                             .running = ports_.running,
                             .agents = ports_.agents,
                             .bus = ports_.bus,
                             .clock = ports_.clock};
  const base::Executor executor = co_await boost::asio::this_coro::executor;
  PlanRun run(ports, call, std::move(*plan), bounds, executor);
  co_await run.run();
  co_return co_await answer(call, config, run.plan());
}

base::Task<base::Result<Plan>> PlanRunner::plan_of(const chat::Call& call, const OrchestratorConfig& config) {
  auto made = co_await ports_.plans.of_task(call.scope, call.task.id);
  if (made) co_return std::move(*made);
  auto planned = co_await make(call, config);
  if (!planned) co_return planned.error();
  co_return co_await keep(call, config, std::move(*planned));
}

base::Task<base::Result<Planned>> PlanRunner::make(const chat::Call& call, const OrchestratorConfig& config) {
  auto team = co_await agents::team_of(ports_.agents, call.scope);
  if (team.empty()) co_return base::make_error(base::ErrorCode::target_required, "there is no agent to do anything");
  if (!ports_.model.info().offline) {
    PlanRequest request{.message = call.request.content,
                        .history = {},
                        .team = team,
                        .model = config.model,
                        .instructions = config.instructions,
                        .max_nodes = static_cast<std::size_t>(config.max_nodes)};
    if (call.has_history) {
      request.history =
          co_await ports_.messages.history(call.scope, call.task.session_id, call.request.id, kHistoryMessages);
    }
    auto planned = co_await ports_.planner.plan(std::move(request));
    if (planned || planned.error().code != base::ErrorCode::plan_failed) co_return planned;
    base::log::warning("plan_not_made", {{"task_id", call.task.id.str()}, {"reason", planned.error().detail}});
  }
  const auto picked = co_await ports_.picker.pick(call.request.content, team);
  co_return single_node(team[picked].name, call.request.content);
}

/// One that somebody else has made meanwhile stands.
base::Task<Plan> PlanRunner::keep(const chat::Call& call, const OrchestratorConfig& config, Planned planned) {
  Plan plan{.id = PlanId::generate(),
            .session_id = call.task.session_id,
            .task_id = call.task.id,
            .goal = std::move(planned.goal),
            .nodes = std::move(planned.nodes),
            .planning = {.prompt_tokens = planned.tokens.prompt_tokens,
                         .completion_tokens = planned.tokens.completion_tokens,
                         .cost_usd = ports_.prices.cost_usd(planned.model, planned.tokens)},
            .estimate = std::nullopt,
            .created_at = ports_.clock.now(),
            .updated_at = {}};
  plan.updated_at = plan.created_at;
  plan.estimate = co_await estimated(call, config, plan);
  std::vector<events::NewEvent> events{plan_created(plan)};
  const auto created = co_await ports_.plans.create(call.scope, plan, std::move(events));
  if (created == Changed::gone) throw chat::TaskGone();
  if (created == Changed::yes) co_return plan;
  auto earlier = co_await ports_.plans.of_task(call.scope, call.task.id);
  if (!earlier) throw chat::TaskGone();
  co_return std::move(*earlier);
}

base::Task<PlanEstimate> PlanRunner::estimated(const chat::Call& call, const OrchestratorConfig& config,
                                               const Plan& plan) {
  const std::string usual = ports_.model.info().name;
  std::map<std::string, std::string> models;
  for (const PlanNode& node : plan.nodes) {
    if (models.contains(node.agent)) continue;
    const auto agent = co_await ports_.agents.find(call.scope, agents::AgentRef{.id = {}, .name = node.agent});
    models[node.agent] = agent && !agent->config.model.empty() ? agent->config.model : usual;
  }
  const auto past = co_await ports_.plans.past_work(call.scope);
  co_return estimate(plan, {.past = past,
                            .prices = ports_.prices,
                            .model_of = [&](const std::string& agent) { return models.at(agent); },
                            .synthesis_model = config.model.empty() ? usual : config.model,
                            .parallel = static_cast<double>(config.max_parallel)});
}

base::Task<std::optional<base::Error>> PlanRunner::answer(const chat::Call& call, const OrchestratorConfig& config,
                                                          const Plan& plan) {
  if (done(plan) == 0) co_return why_none(plan);
  chat::Message answer{.id = base::MessageId::generate(),
                       .session_id = call.task.session_id,
                       .role = chat::MessageRole::assistant,
                       .content = {},
                       .agent_id = call.agent.id,
                       .agent_name = call.agent.name,
                       .task_id = call.task.id};
  chat::Usage synthesis;
  if (plan.nodes.size() == 1) {
    answer.content = *plan.nodes.front().result;
  } else {
    auto completion = co_await put_together(call, config, plan, answer.id);
    if (!completion) co_return completion.error();
    answer.content = std::move(completion->text);
    answer.model = completion->model;
    synthesis = {.prompt_tokens = completion->tokens.prompt_tokens,
                 .completion_tokens = completion->tokens.completion_tokens,
                 .cost_usd = ports_.prices.cost_usd(completion->model, completion->tokens)};
  }
  answer.usage = sum(plan, synthesis);
  answer.created_at = ports_.clock.now();
  co_await ports_.lifecycle.complete(call, std::move(answer), std::nullopt);
  co_return std::nullopt;
}

base::Task<base::Result<models::Completion>> PlanRunner::put_together(const chat::Call& call,
                                                                      const OrchestratorConfig& config,
                                                                      const Plan& plan, base::MessageId answer) {
  chat::AnswerText text(ports_.hub, call, answer);
  text.open();
  models::CompletionRequest request{
      .model = config.model,
      .messages = synthesis_prompt(plan, call.request.content, config.instructions, context_tokens_ / 2),
      .temperature = kSynthesisTemperature};
  co_return co_await ports_.model.complete(std::move(request), text);
}

}  // namespace codelab::core::orchestration
