#pragma once

#include <string>
#include <vector>

#include "core/models/ports.hpp"
#include "core/orchestration/planner.hpp"

namespace codelab::core::orchestration {

/// Finds the agent that a message is for: the one whose description is nearest to it in meaning. Thread-safe.
class AgentPicker {
 public:
  explicit AgentPicker(models::Embedder& embedder) : embedder_(embedder) {}

  /// Its place in `team`, which is not empty. While the embedder is away it is the one that answers questions, or the
  /// first.
  base::Task<std::size_t> pick(std::string message, std::vector<agents::TeamMember> team);

 private:
  models::Embedder& embedder_;
};

/// Whether a message asks for more than one agent can do at once: several items, work in an order, or several of the
/// team by name. Words of order in English and Russian. No model is asked.
bool asks_for_a_plan(std::string_view message, const std::vector<agents::TeamMember>& team);

}  // namespace codelab::core::orchestration
