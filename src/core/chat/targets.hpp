#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/agents/registry.hpp"
#include "core/chat/values.hpp"
#include "core/identity/user_scope.hpp"

namespace codelab::core::chat {

/// Who a message is for.
struct Target {
  agents::CallableAgent agent;
  TaskKind kind = TaskKind::direct;
};

/// Answers messages that name nobody. Thread-safe; throws when a store is away.
class AutomaticMode {
 public:
  virtual ~AutomaticMode() = default;
  /// The agent that can answer alone, or the orchestrator, who makes a plan. Errors: target_required where the user
  /// wants no automatic mode, or has no agent.
  virtual base::Task<base::Result<Target>> choose(identity::UserScope scope, std::string message) = 0;
  /// As one that has a queue.
  virtual base::Task<agents::CallableAgent> orchestrator(identity::UserScope scope) = 0;
};

/// The name by which a message asks for a plan. An agent of this name comes first.
inline constexpr std::string_view kOrchestratorName = "orchestrator";

/// Finds who messages and tasks are for. Thread-safe; throws when a store is away.
class Targets {
 public:
  Targets(agents::AgentRegistry& agents, AutomaticMode& automatic) : agents_(agents), automatic_(automatic) {}

  /// By `named`, an agent's name or id, else by a leading @name in `content`, else by what the message says. Errors:
  /// agent_not_found, target_required.
  base::Task<base::Result<Target>> of_message(identity::UserScope scope, std::optional<std::string> named,
                                              std::string content);
  /// As they are now. Errors: agent_not_found.
  base::Task<base::Result<agents::CallableAgent>> of_task(identity::UserScope scope, TaskKind kind,
                                                          base::AgentId agent);

 private:
  agents::AgentRegistry& agents_;
  AutomaticMode& automatic_;
};

}  // namespace codelab::core::chat
