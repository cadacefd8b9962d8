#pragma once

#include "base/task.hpp"
#include "core/agents/registry.hpp"
#include "core/bus/agent_bus.hpp"
#include "core/chat/values.hpp"
#include "core/identity/user_scope.hpp"

namespace codelab::core::chat {

/// One message to one agent, begun: its task and its message are durable.
struct Call {
  identity::UserScope scope;
  Task task;
  Message request;
  /// Of a plan's task the orchestrator, as one that has a queue.
  agents::CallableAgent agent;
  /// The session has messages before this one.
  bool has_history = false;
  /// How often it was begun, this time included.
  std::int64_t attempt = 1;
  /// It is not given up because its agent has others to do: work was done for it, or its user has decided on it.
  bool patient = false;
  /// By whoever worked on it before the agent did.
  Usage spent = {};
};

/// Of an agent's tasks.
inline bus::QueueBounds bounds_of(const agents::CallableAgent& agent) {
  return {.running = agent.config.concurrency_limit};
}

/// Does the work of tasks that were begun.
class CallRunner {
 public:
  virtual ~CallRunner() = default;
  /// Whatever happens the task ends, completed, failed or cancelled. `turn` is the slot that it has at its agent. Runs
  /// on the user's home core. Throws operation_aborted when it is cancelled with the whole process; another process
  /// takes the task over.
  virtual base::Task<> run(Call call, bus::AgentBus::Turn& turn) = 0;
};

}  // namespace codelab::core::chat
