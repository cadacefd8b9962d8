#pragma once

#include <string>
#include <vector>

#include "core/agents/team.hpp"
#include "core/models/ports.hpp"

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

}  // namespace codelab::core::orchestration
