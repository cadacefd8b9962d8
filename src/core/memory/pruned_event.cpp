#include "core/memory/pruned_event.hpp"

#include <utility>

#include <fmt/format.h>

namespace codelab::core::memory {

events::NewEvent pruned_event(const base::AgentId& agent, std::string agent_name, std::int64_t count) {
  return {.type = events::EventType::memory_pruned,
          .agent = std::move(agent_name),
          .payload = fmt::format(R"({{"agent_id":"{}","count":{}}})", agent.str(), count)};
}

}  // namespace codelab::core::memory
