#pragma once

#include <cstdint>
#include <string>

#include "base/ids.hpp"
#include "core/events/event.hpp"

namespace codelab::core::memory {

/// MEMORY_PRUNED, which tells how many of an agent's memories were forgotten.
events::NewEvent pruned_event(const base::AgentId& agent, std::string agent_name, std::int64_t count);

}  // namespace codelab::core::memory
