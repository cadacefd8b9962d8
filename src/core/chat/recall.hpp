#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/agents/registry.hpp"
#include "core/memory/agent_memory.hpp"

namespace codelab::core::chat {

/// What an agent remembers of a text.
struct Recalled {
  std::vector<memory::MemoryHit> memories;
  /// Why there are none, where memory could not be searched: no reason not to answer.
  std::optional<base::Error> error;
};

/// As the agent's own settings of memory want it. For the work on `task`.
base::Task<Recalled> recall(memory::AgentMemory& memory, identity::UserScope scope, agents::CallableAgent agent,
                            base::TaskId task, std::string text);

}  // namespace codelab::core::chat
