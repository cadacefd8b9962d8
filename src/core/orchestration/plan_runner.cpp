#include "core/orchestration/plan_runner.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include <boost/asio/this_coro.hpp>

#include "base/log.hpp"
#include "core/chat/answer_text.hpp"
#include "core/chat/direct_call_events.hpp"
#include "core/chat/queued_calls.hpp"
#include "core/orchestration/plan_estimate.hpp"
#include "core/orchestration/plan_events.hpp"
#include "core/orchestration/plan_prompts.hpp"

namespace codelab::core::orchestration {
namespace {

constexpr std::int64_t kHistoryMessages = 20;
constexpr double kSynthesisTemperature = 0.3;

/// By planning and by the nodes, with what is not known left out.
chat::Usage spent(const Plan& plan) {
  chat::Usage total = plan.planning;
  for (const PlanNode& node : plan.nodes) {
    if (node.usage) chat::add(total, *node.usage);
  }
  return total;
}

/// Why nothing came of a plan: what its first node failed with.
base::Error why_none(const Plan& plan) {
  const auto failed = std::ranges::find(plan.nodes, NodeStatus::failed, &PlanNode::status);
  if (failed == plan.nodes.end() || !failed->error) {
    return base::make_error(base::ErrorCode::plan_failed, "no part of the plan was done in its time and for its money");
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
  co_await ports_.lifecycle.run(call, [&](bool again) { return attempt(call, turn, again); });
}

/// A store that was away may have taken the handing over all the same.
base::Task<std::optional<base::Error>> PlanRunner::attempt(const chat::Call& call, bus::AgentBus::Turn& turn,
                                                           bool again) {
  if (again) {
    auto stored = co_await ports_.tasks.find(call.scope, call.task.id);
    if (!stored) throw chat::TaskGone();
    if (stored->kind == chat::TaskKind::direct) {
      chat::Call handed = call;
      handed.task = std::move(*stored);
      co_return co_await answer_directly(std::move(handed), turn);
    }
  }
  co_await turn.come_back();
  const auto config = (co_await ports_.orchestrators.get(call.scope)).config;
  chat::Usage planning;
  auto plan = co_await plan_of(call, config, planning);
  if (plan) co_return co_await work_off(call, config, std::move(*plan));
  chat::Call direct = call;
  direct.spent = planning;
  co_return co_await hand_over(std::move(direct), turn);
}

base::Task<std::optional<base::Error>> PlanRunner::work_off(const chat::Call& call, const OrchestratorConfig& config,
                                                            Plan plan) {
  auto refused = co_await ports_.gate.pass(call, plan, config);
  if (refused) co_return refused;
  const PlanRun::Bounds bounds{.parallel = static_cast<std::size_t>(config.max_parallel),
                               .time = std::chrono::seconds{config.max_seconds},
                               .wait = limits_.wait,
                               .cost_usd = config.max_cost_usd};
  const PlanRun::Ports ports{.plans = ports_.plans,
                             .worker = ports_.worker,
                             .tasks = ports_.tasks,
                             .running = ports_.running,
                             .agents = ports_.agents,
                             .bus = ports_.bus,
                             .clock = ports_.clock};
  const base::Executor executor = co_await boost::asio::this_coro::executor;
  PlanRun run(ports, call, std::move(plan), bounds, executor);
  co_await run.run();
  co_return co_await answer(call, config, run.plan());
}

base::Task<std::optional<Plan>> PlanRunner::plan_of(const chat::Call& call, const OrchestratorConfig& config,
                                                    chat::Usage& planning) {
  auto made = co_await ports_.plans.of_task(call.scope, call.task.id);
  if (made) co_return made;
  if (ports_.model.info().offline) co_return std::nullopt;
  PlanningCost cost;
  auto planned = co_await make(call, config, cost);
  planning = {.prompt_tokens = cost.tokens.prompt_tokens,
              .completion_tokens = cost.tokens.completion_tokens,
              .cost_usd = ports_.prices.cost_usd(cost.model, cost.tokens)};
  if (planned) co_return co_await keep(call, config, std::move(*planned), planning);
  base::log::warning("plan_not_made", {{"task_id", call.task.id.str()}, {"reason", planned.error().detail}});
  co_return std::nullopt;
}

base::Task<base::Result<Planned>> PlanRunner::make(const chat::Call& call, const OrchestratorConfig& config,
                                                   PlanningCost& cost) {
  auto team = co_await agents::team_of(ports_.agents, call.scope);
  if (team.empty()) co_return base::make_error(base::ErrorCode::target_required, "there is no agent");
  PlanRequest request{.message = call.request.content,
                      .history = {},
                      .team = std::move(team),
                      .model = config.model,
                      .instructions = config.instructions,
                      .max_nodes = static_cast<std::size_t>(config.max_nodes)};
  if (call.has_history) {
    request.history =
        co_await ports_.messages.history(call.scope, call.task.session_id, call.request.id, kHistoryMessages);
  }
  co_return co_await ports_.planner.plan(std::move(request), cost);
}

/// From now on the task is a direct call, also for whoever takes it over.
base::Task<std::optional<base::Error>> PlanRunner::hand_over(chat::Call call, bus::AgentBus::Turn& turn) {
  auto team = co_await agents::team_of(ports_.agents, call.scope);
  if (team.empty()) co_return base::make_error(base::ErrorCode::target_required, "there is no agent to do anything");
  const auto picked = co_await ports_.picker.pick(call.request.content, team);
  auto agent = co_await ports_.agents.find(call.scope, agents::AgentRef{.id = {}, .name = team[picked].name});
  if (!agent) co_return agent.error();
  call.task.kind = chat::TaskKind::direct;
  call.task.agent_id = agent->id;
  call.task.agent_name = agent->name;
  std::vector<events::NewEvent> events{chat::direct_agent_call(call.task)};
  const bool wanted = co_await ports_.tasks.hand_over(call.scope, call.task, std::move(events));
  if (!wanted) throw chat::TaskGone();
  co_return co_await answer_directly(std::move(call), turn);
}

/// It was accepted once: where the agent's queue is full it waits outside.
base::Task<std::optional<base::Error>> PlanRunner::answer_directly(chat::Call call, bus::AgentBus::Turn& turn) {
  turn.leave();
  agents::AgentRef reference{.id = call.task.agent_id, .name = {}};
  auto agent = co_await ports_.agents.find(call.scope, std::move(reference));
  if (!agent) co_return agent.error();
  call.agent = std::move(*agent);
  const bus::Ticket ticket{
      .scope = call.scope, .agent = call.agent.id, .session = call.task.session_id, .task = call.task.id};
  const auto deadline = std::chrono::steady_clock::now() + limits_.wait;
  auto place = co_await ports_.bus.enter_and_come(ticket, chat::bounds_of(call.agent), deadline);
  if (!place) co_return chat::waited_too_long();
  co_await ports_.direct.run(std::move(call), *place);
  co_return std::nullopt;
}

/// One that somebody else has made meanwhile stands.
base::Task<Plan> PlanRunner::keep(const chat::Call& call, const OrchestratorConfig& config, Planned planned,
                                  chat::Usage planning) {
  Plan plan{.id = PlanId::generate(),
            .session_id = call.task.session_id,
            .task_id = call.task.id,
            .goal = std::move(planned.goal),
            .nodes = std::move(planned.nodes),
            .planning = planning,
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
  answer.usage = spent(plan);
  if (plan.nodes.size() == 1) {
    answer.content = *plan.nodes.front().result;
  } else {
    co_await put_together(call, config, plan, answer);
  }
  answer.created_at = ports_.clock.now();
  co_await ports_.lifecycle.complete(call, std::move(answer), std::nullopt);
  co_return std::nullopt;
}

/// What the agents did is not lost with the model that was to put it together.
base::Task<> PlanRunner::put_together(const chat::Call& call, const OrchestratorConfig& config, const Plan& plan,
                                      chat::Message& answer) {
  chat::AnswerText text(ports_.hub, call, answer.id);
  text.open();
  models::CompletionRequest request{
      .model = config.model,
      .messages = synthesis_prompt(plan, call.request.content, config.instructions, limits_.context_tokens / 2),
      .temperature = kSynthesisTemperature};
  auto completion = co_await ports_.model.complete(std::move(request), text);
  if (!completion) {
    base::log::warning("plan_not_put_together",
                       {{"task_id", call.task.id.str()}, {"reason", completion.error().detail}});
    answer.content = results_one_by_one(plan, completion.error().detail);
    co_return;
  }
  chat::add(*answer.usage, {.prompt_tokens = completion->tokens.prompt_tokens,
                            .completion_tokens = completion->tokens.completion_tokens,
                            .cost_usd = ports_.prices.cost_usd(completion->model, completion->tokens)});
  answer.content = std::move(completion->text);
  answer.model = std::move(completion->model);
}

}  // namespace codelab::core::orchestration
