#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "core/agents/team.hpp"
#include "core/models/ports.hpp"

namespace codelab::core::orchestration {

/// Finds the agent that a message is for: the one whose description is nearest to it in meaning. Thread-safe.
class AgentPicker {
 public:
  /// `patience`: how long the embedder is waited for, since nothing of the message is stored yet.
  explicit AgentPicker(models::Embedder& embedder, std::chrono::milliseconds patience = std::chrono::seconds{2})
      : embedder_(embedder), patience_(patience) {}

  /// Its place in `team`, which is not empty. While the embedder is away, or hangs, it is the one that answers
  /// questions, or the first.
  base::Task<std::size_t> pick(std::string message, std::vector<agents::TeamMember> team);

 private:
  using Embedded = base::Result<std::vector<models::Embedding>>;

  base::Task<> embed_into(std::optional<Embedded>& embedded, std::vector<std::string> texts);

  models::Embedder& embedder_;
  const std::chrono::milliseconds patience_;
};

}  // namespace codelab::core::orchestration
