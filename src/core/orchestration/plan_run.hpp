#pragma once

#include <chrono>
#include <cstddef>
#include <exception>
#include <optional>
#include <set>
#include <string>

#include "base/clock.hpp"
#include "core/agents/registry.hpp"
#include "core/bus/agent_bus.hpp"
#include "core/chat/call.hpp"
#include "core/chat/ports.hpp"
#include "core/chat/running_tasks.hpp"
#include "core/orchestration/stored_plan.hpp"
#include "core/work/worker.hpp"

namespace codelab::core::orchestration {

/// Works off the nodes of one plan: each when what it depends on is done and its agent has a slot, several at the same
/// time, each recorded before the next one begins. What was recorded is not done again by whoever takes the plan over.
/// For one run, on the executor that run() is awaited on; outlives it.
class PlanRun {
 public:
  struct Ports {
    PlanStore& plans;
    work::Worker& worker;
    chat::TaskStore& tasks;
    chat::RunningTasks& running;
    agents::AgentRegistry& agents;
    bus::AgentBus& bus;
    const base::Clock& clock;
  };
  struct Bounds {
    /// Nodes at the same time.
    std::size_t parallel = 4;
    /// What is not done by then, after the first node began, is left undone.
    std::chrono::milliseconds time{std::chrono::minutes{10}};
    /// Nor what has not begun by then.
    std::chrono::milliseconds wait{std::chrono::minutes{30}};
    /// When so much is spent, or thought to be by what runs, no further node begins; 0: whatever it costs.
    double cost_usd = 0;
    /// Of a node whose model fails.
    int attempts = 2;
    std::chrono::milliseconds before_another_attempt{1'000};
    /// Before the store, which is away, is tried again.
    std::chrono::milliseconds before_asking_again{500};
    /// Between two looks whether the user has edited the plan.
    std::chrono::milliseconds look{2'000};
  };

  PlanRun(Ports ports, const chat::Call& call, Plan plan, Bounds bounds, const base::Executor& executor);

  /// Until every node is done, failed or left undone. Throws chat::TaskGone when the plan's task has ended, and
  /// base::StoreError when the store stays away.
  base::Task<> run();
  const Plan& plan() const { return *plan_; }

 private:
  class Claim;
  class Running;
  /// What an attempt came to, and what all of them have cost.
  struct Attempt {
    std::optional<base::Result<work::Worked>> result;
    chat::Usage usage;
  };

  /// What a node's tries came to so far.
  struct Tries {
    int failures = 0;
    /// With a time to come again.
    int refusals = 0;
    int outages = 0;
  };

  /// It is to be done, and as it was: its user may have changed it meanwhile. One that runs already was begun by a
  /// process that is gone.
  static bool may_begin(const PlanNode* node, const PlanNode& known);
  base::Task<> work_off();
  base::Task<> work();
  /// Takes up what the user edits, until it is cancelled.
  base::Task<> watch();
  base::Task<> run_out_of_time();
  std::optional<std::string> next() const;
  base::Task<> do_node(std::string id);
  /// Waits for a slot of the node's agent, and until no more than may run: no turn when the node is not as it was any
  /// more, or costs too much by then.
  base::Task<> take_turn(std::optional<bus::AgentBus::Turn>& turn, PlanNode known, bus::Ticket ticket,
                         bus::QueueBounds bounds);
  base::Task<> enter(std::optional<bus::AgentBus::Turn>& turn, bus::Ticket ticket, bus::QueueBounds bounds);
  base::Task<> until_edited(PlanNode known);
  /// The step's task; nothing when the node is not as it was any more.
  base::Task<std::optional<chat::Task>> begin(PlanNode node, agents::CallableAgent agent, base::TaskId step);
  /// Nothing when that was the last try.
  std::optional<std::chrono::milliseconds> rest_before_another_try(const base::Error& error, Tries& tries) const;
  /// What the step came to; no result when it was cancelled alone.
  base::Task<Attempt> attempt(work::Assignment assignment, bus::AgentBus::Turn& turn);
  base::Task<std::optional<base::Result<work::Worked>>> work_once(const work::Assignment& assignment,
                                                                  bus::AgentBus::Turn& turn,
                                                                  work::Allowance& allowance);
  base::Task<> end(std::string id, chat::Task step, base::Result<work::Worked> result, chat::Usage usage);
  /// Of one that cannot begin: it is as `known`.
  base::Task<> refuse(PlanNode known, base::Error error);
  base::Task<base::Result<agents::CallableAgent>> agent_of(const PlanNode& node);
  chat::Task ended_step(const Plan& plan, const PlanNode& node, chat::TaskStatus status) const;
  base::Task<> work_into(std::optional<base::Result<work::Worked>>& worked, const work::Assignment& assignment,
                         bus::AgentBus::Turn& turn, work::Allowance& allowance);
  base::Task<> skip_hopeless();
  base::Task<> leave_undone();
  double spent() const;
  /// What the nodes that run are thought to cost.
  double reserved() const;
  bool affordable() const;

  Ports ports_;
  const chat::Call& call_;
  const Bounds bounds_;
  StoredPlan plan_;
  /// Nodes that a worker has in hand.
  std::set<std::string> claimed_;
  /// Those of them that hold a slot.
  std::size_t running_ = 0;
};

}  // namespace codelab::core::orchestration
