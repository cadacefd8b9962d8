#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "core/chat/call.hpp"
#include "core/chat/task_lifecycle.hpp"
#include "core/events/stream_hub.hpp"
#include "core/models/price_table.hpp"
#include "core/orchestration/agent_picker.hpp"
#include "core/orchestration/orchestrators.hpp"
#include "core/orchestration/plan_gate.hpp"
#include "core/orchestration/plan_run.hpp"
#include "core/orchestration/planner.hpp"

namespace codelab::core::orchestration {

/// Runs a plan's task to its end: have the message planned, have the agents do the nodes, answer the user from what
/// they did. Where no plan can be made the task goes to the agent that the message fits best, as if that had been
/// named. Each part is recorded before the next: whoever takes the task over goes on from there. Thread-safe.
class PlanRunner final : public chat::CallRunner {
 public:
  struct Ports {
    chat::TaskLifecycle& lifecycle;
    chat::MessageStore& messages;
    Orchestrators& orchestrators;
    agents::AgentRegistry& agents;
    PlanStore& plans;
    Planner& planner;
    PlanGate& gate;
    AgentPicker& picker;
    work::Worker& worker;
    chat::TaskStore& tasks;
    chat::RunningTasks& running;
    bus::AgentBus& bus;
    /// Has the task done that no plan was made for.
    chat::CallRunner& direct;
    models::ChatModel& model;
    const models::PriceTable& prices;
    events::StreamHub& hub;
    const base::Clock& clock;
  };

  struct Limits {
    /// What a model reads and writes at most in one call.
    std::int64_t context_tokens = 16'384;
    /// How long the work waits for a slot before it begins.
    std::chrono::milliseconds wait{std::chrono::minutes{30}};
  };

  PlanRunner(Ports ports, Limits limits) : ports_(ports), limits_(limits) {}

  base::Task<> run(chat::Call call, bus::AgentBus::Turn& turn) override;

 private:
  base::Task<std::optional<base::Error>> attempt(const chat::Call& call, bus::AgentBus::Turn& turn, bool again);
  base::Task<std::optional<base::Error>> work_off(const chat::Call& call, const OrchestratorConfig& config, Plan plan);
  /// As it was made before, or made now; nothing when none can be made. `planning` is what it took.
  base::Task<std::optional<Plan>> plan_of(const chat::Call& call, const OrchestratorConfig& config,
                                          chat::Usage& planning);
  base::Task<base::Result<Planned>> make(const chat::Call& call, const OrchestratorConfig& config, PlanningCost& cost);
  base::Task<Plan> keep(const chat::Call& call, const OrchestratorConfig& config, Planned planned,
                        chat::Usage planning);
  base::Task<PlanEstimate> estimated(const chat::Call& call, const OrchestratorConfig& config, const Plan& plan);
  /// Errors: target_required, agent_not_found, overloaded.
  base::Task<std::optional<base::Error>> hand_over(chat::Call call, bus::AgentBus::Turn& turn);
  /// What was handed over. Errors: agent_not_found, overloaded.
  base::Task<std::optional<base::Error>> answer_directly(chat::Call call, bus::AgentBus::Turn& turn);
  base::Task<std::optional<base::Error>> answer(const chat::Call& call, const OrchestratorConfig& config,
                                                const Plan& plan);
  /// Writes the answer's content, model and usage.
  base::Task<> put_together(const chat::Call& call, const OrchestratorConfig& config, const Plan& plan,
                            chat::Message& answer);

  Ports ports_;
  const Limits limits_;
};

}  // namespace codelab::core::orchestration
