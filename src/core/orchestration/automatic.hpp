#pragma once

#include <string>

#include "core/agents/registry.hpp"
#include "core/chat/targets.hpp"
#include "core/orchestration/agent_picker.hpp"
#include "core/orchestration/orchestrators.hpp"

namespace codelab::core::orchestration {

/// Sends a message to the agent that it fits best, or where it asks for more than one can do, to the orchestrator. No
/// model is asked for that.
class Automatic final : public chat::AutomaticMode {
 public:
  Automatic(agents::AgentRegistry& agents, Orchestrators& orchestrators, AgentPicker& picker)
      : agents_(agents), orchestrators_(orchestrators), picker_(picker) {}

  base::Task<base::Result<chat::Target>> choose(identity::UserScope scope, std::string message) override;
  base::Task<agents::CallableAgent> orchestrator(identity::UserScope scope) override;

 private:
  agents::AgentRegistry& agents_;
  Orchestrators& orchestrators_;
  AgentPicker& picker_;
};

}  // namespace codelab::core::orchestration
