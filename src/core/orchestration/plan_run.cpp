#include "core/orchestration/plan_run.hpp"

#include <algorithm>
#include <utility>

#include <boost/asio/experimental/awaitable_operators.hpp>

#include "base/log.hpp"
#include "base/outcome_of.hpp"
#include "base/pause.hpp"
#include "base/side_by_side.hpp"
#include "base/store_error.hpp"
#include "core/chat/task_lifecycle.hpp"
#include "core/chat/until_ended.hpp"
#include "core/orchestration/plan_graph.hpp"
#include "core/orchestration/plan_prompts.hpp"

namespace codelab::core::orchestration {
namespace {

namespace asio = boost::asio;
using SteadyClock = std::chrono::steady_clock;

constexpr int kTriesWhileAway = 60;

/// Of a model whose provider says when to come again.
constexpr int kTriesWhenTold = 5;

const PlanNode* find_node(const Plan& plan, std::string_view id) {
  const auto found = std::ranges::find(plan.nodes, id, &PlanNode::id);
  return found == plan.nodes.end() ? nullptr : &*found;
}

bool may_help_to_repeat(base::ErrorCode code) {
  return code == base::ErrorCode::model_failed || code == base::ErrorCode::model_timeout ||
         code == base::ErrorCode::overloaded;
}

}  // namespace

/// A node in the hand of a worker.
class PlanRun::Claim {
 public:
  Claim(PlanRun& run, std::string id) : run_(run), id_(std::move(id)) { run_.claimed_.insert(id_); }
  ~Claim() {
    run_.claimed_.erase(id_);
    run_.plan_.notify();
  }
  Claim(const Claim&) = delete;
  Claim& operator=(const Claim&) = delete;

 private:
  PlanRun& run_;
  const std::string id_;
};

/// A node that holds a slot of its agent.
class PlanRun::Running {
 public:
  explicit Running(PlanRun& run) : run_(run) { ++run_.running_; }
  ~Running() {
    --run_.running_;
    run_.plan_.notify();
  }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;

 private:
  PlanRun& run_;
};

PlanRun::PlanRun(Ports ports, const chat::Call& call, Plan plan, Bounds bounds, const base::Executor& executor)
    : ports_(ports),
      call_(call),
      bounds_(bounds),
      plan_(ports.plans, ports.clock, call, std::move(plan), bounds.before_asking_again, executor) {}

bool PlanRun::may_begin(const PlanNode* node, const PlanNode& known) {
  return node != nullptr && (node->status == NodeStatus::pending || node->status == NodeStatus::running) &&
         node->agent == known.agent && node->instruction == known.instruction &&
         node->expected_output == known.expected_output && node->depends_on == known.depends_on;
}

base::Task<> PlanRun::run() {
  using asio::experimental::awaitable_operators::operator||;
  auto outcome = co_await (base::outcome_of(work_off()) || base::outcome_of(watch()) || run_out_of_time());
  if (outcome.index() == 0 && std::get<0>(outcome)) std::rethrow_exception(std::get<0>(outcome));
  if (outcome.index() == 1) std::rethrow_exception(std::get<1>(outcome));
  co_await leave_undone();
}

base::Task<> PlanRun::run_out_of_time() {
  const base::Timestamp start = ports_.clock.now();
  for (;;) {
    const base::Timestamp end = plan_->begun_at ? *plan_->begun_at + bounds_.time : start + bounds_.wait;
    const base::Timestamp now = ports_.clock.now();
    if (now >= end) co_return;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - now);
    co_await base::pause_for(plan_->begun_at ? left : std::min({left, bounds_.time, bounds_.look}));
  }
}

/// A hand for each node, so that one that waits for its busy agent keeps no other waiting. The user may have added
/// something while the last of it was done.
base::Task<> PlanRun::work_off() {
  do {
    std::vector<base::Task<>> working;
    const std::size_t hands = std::max(bounds_.parallel, plan_->nodes.size());
    working.reserve(hands);
    for (std::size_t i = 0; i < hands; ++i) working.push_back(work());
    co_await base::side_by_side(std::move(working));
    co_await plan_.reload();
  } while (next());
}

base::Task<> PlanRun::watch() {
  for (;;) {
    co_await base::pause_for(bounds_.look);
    co_await plan_.reload();
  }
}

base::Task<> PlanRun::work() {
  for (;;) {
    co_await skip_hopeless();
    const auto id = next();
    if (id) {
      const Claim claim(*this, *id);
      co_await do_node(*id);
    } else if (claimed_.empty()) {
      co_return;
    } else {
      co_await plan_.wait_for_change();
    }
  }
}

/// One that runs in nobody's hand was begun by a process that is gone: it comes first.
std::optional<std::string> PlanRun::next() const {
  for (const PlanNode& node : plan_->nodes) {
    if (node.status == NodeStatus::running && !claimed_.contains(node.id)) return node.id;
  }
  if (!affordable()) return std::nullopt;
  for (const std::size_t i : ready(plan_->nodes)) {
    if (!claimed_.contains(plan_->nodes[i].id)) return plan_->nodes[i].id;
  }
  return std::nullopt;
}

base::Task<> PlanRun::do_node(std::string id) {
  const PlanNode node = *std::ranges::find(plan_->nodes, id, &PlanNode::id);
  auto agent = co_await agent_of(node);
  if (!agent) co_return co_await refuse(node, agent.error());
  const base::TaskId step_id = node.task_id.value_or(base::TaskId::generate());
  const bus::Ticket ticket{.scope = call_.scope, .agent = agent->id, .session = plan_->session_id, .task = step_id};
  std::optional<bus::AgentBus::Turn> turn;
  co_await take_turn(turn, node, ticket, chat::bounds_of(*agent));
  if (!turn) co_return;
  const Running running(*this);
  // It may have been changed or deleted while the node waited.
  agent = co_await agent_of(node);
  if (!agent) co_return co_await refuse(node, agent.error());
  auto step = co_await begin(node, *agent, step_id);
  if (!step) co_return;
  const auto budget = ports_.worker.prompt_budget(*agent) / 2;
  work::Assignment assignment{.scope = call_.scope,
                              .task = *step,
                              .agent = std::move(*agent),
                              .message = step_message(*plan_, node, call_.request.content, budget),
                              .history = {},
                              .asked_by = {},
                              .resumed = node.attempt > 0};
  auto done = co_await attempt(std::move(assignment), *turn);
  if (!done.result) co_return co_await plan_.reload();
  co_await end(std::move(id), std::move(*step), std::move(*done.result), done.usage);
}

/// A slot that comes while as many nodes run as may is given back: held, it could be the one that one of those asks
/// for.
base::Task<> PlanRun::take_turn(std::optional<bus::AgentBus::Turn>& turn, PlanNode known, bus::Ticket ticket,
                                bus::QueueBounds bounds) {
  using asio::experimental::awaitable_operators::operator||;
  const bool resumed = known.status == NodeStatus::running;
  while (may_begin(find_node(*plan_, known.id), known) && (resumed || affordable())) {
    if (running_ >= bounds_.parallel) {
      co_await plan_.wait_for_change();
      continue;
    }
    auto outcome = co_await (base::outcome_of(enter(turn, ticket, bounds)) || until_edited(known));
    if (outcome.index() == 0 && std::get<0>(outcome)) std::rethrow_exception(std::get<0>(outcome));
    if (turn && running_ < bounds_.parallel && (resumed || affordable()) &&
        may_begin(find_node(*plan_, known.id), known)) {
      co_return;
    }
    turn.reset();
  }
}

base::Task<> PlanRun::enter(std::optional<bus::AgentBus::Turn>& turn, bus::Ticket ticket, bus::QueueBounds bounds) {
  auto entered = co_await ports_.bus.enter_and_come(ticket, bounds, SteadyClock::time_point::max());
  if (entered) turn.emplace(std::move(*entered));
}

base::Task<> PlanRun::until_edited(PlanNode known) {
  while (may_begin(find_node(*plan_, known.id), known)) co_await plan_.wait_for_change();
}

/// A store that is away says nothing of the agent: it is waited for.
base::Task<base::Result<agents::CallableAgent>> PlanRun::agent_of(const PlanNode& node) {
  for (int tries = 1;; ++tries) {
    try {
      agents::AgentRef ref{.id = {}, .name = node.agent};
      co_return co_await ports_.agents.find(call_.scope, std::move(ref));
    } catch (const base::StoreError&) {
      if (tries == kTriesWhileAway) throw;
    }
    co_await base::pause_for(bounds_.before_asking_again);
  }
}

std::optional<std::chrono::milliseconds> PlanRun::rest_before_another_try(const base::Error& error,
                                                                          Tries& tries) const {
  if (error.code == base::ErrorCode::store_unavailable) {
    return ++tries.outages < kTriesWhileAway ? std::optional(bounds_.before_asking_again) : std::nullopt;
  }
  if (!may_help_to_repeat(error.code)) return std::nullopt;
  const std::chrono::milliseconds told = error.retry_after.value_or(std::chrono::seconds{0});
  const bool another = error.retry_after ? ++tries.refusals < kTriesWhenTold : ++tries.failures < bounds_.attempts;
  return another ? std::optional(std::max(bounds_.before_another_attempt, told)) : std::nullopt;
}

base::Task<PlanRun::Attempt> PlanRun::attempt(work::Assignment assignment, bus::AgentBus::Turn& turn) {
  Tries tries;
  auto allowance = ports_.worker.allowance();
  for (;;) {
    auto result = co_await work_once(assignment, turn, allowance);
    if (!result || *result) co_return Attempt{std::move(result), allowance.spent};
    const auto rest = rest_before_another_try(result->error(), tries);
    if (!rest) co_return Attempt{std::move(result), allowance.spent};
    co_await turn.step_aside();
    co_await base::pause_for(*rest);
    co_await turn.come_back();
    assignment.resumed = true;
    // What is recorded counts once more when it is read again.
    allowance = ports_.worker.allowance();
  }
}

base::Task<std::optional<base::Result<work::Worked>>> PlanRun::work_once(const work::Assignment& assignment,
                                                                         bus::AgentBus::Turn& turn,
                                                                         work::Allowance& allowance) {
  std::optional<base::Result<work::Worked>> worked;
  auto hold = ports_.running.hold(assignment.task.id);
  co_await chat::until_ended(ports_.tasks, assignment.scope, std::move(hold),
                             work_into(worked, assignment, turn, allowance));
  co_return worked;
}

/// Leaves no result where the step has ended, or the whole plan: that shows in what is stored.
base::Task<> PlanRun::work_into(std::optional<base::Result<work::Worked>>& worked, const work::Assignment& assignment,
                                bus::AgentBus::Turn& turn, work::Allowance& allowance) {
  try {
    worked = co_await ports_.worker.work(assignment, turn, allowance, nullptr);
  } catch (const chat::TaskGone&) {
    worked.reset();
  } catch (const base::StoreError& failure) {
    base::log::warning("step_broken", {{"task_id", assignment.task.id.str()}, {"reason", failure.what()}});
    worked = base::make_error(base::ErrorCode::store_unavailable, "a store did not answer; try again");
  }
}

double PlanRun::spent() const {
  double sum = plan_->planning.cost_usd.value_or(0);
  for (const PlanNode& node : plan_->nodes) {
    if (node.usage) sum += node.usage->cost_usd.value_or(0);
  }
  return sum;
}

double PlanRun::reserved() const {
  if (!plan_->estimate || plan_->nodes.empty()) return 0;
  const double each = plan_->estimate->cost_usd.value_or(0) / static_cast<double>(plan_->nodes.size());
  return each * static_cast<double>(running_);
}

bool PlanRun::affordable() const { return bounds_.cost_usd <= 0 || spent() + reserved() < bounds_.cost_usd; }

}  // namespace codelab::core::orchestration
