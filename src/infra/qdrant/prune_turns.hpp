#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <utility>

#include "base/ids.hpp"

namespace codelab::infra::qdrant {

/// Lets one pruning of an agent run at a time, so that none counts what another forgets. Who comes meanwhile leaves it
/// to that one, which then looks once more. Thread-safe; outlives its turns.
class PruneTurns {
 public:
  class Turn {
   public:
    Turn(Turn&& other) noexcept
        : turns_(std::exchange(other.turns_, nullptr)), agent_(other.agent_), begun_(other.begun_) {}
    Turn& operator=(Turn&&) = delete;
    ~Turn() {
      if (turns_ != nullptr) turns_->end(agent_);
    }

    /// Whether to look: the first time, and again after somebody has come meanwhile. False ends the turn.
    bool look() {
      if (!std::exchange(begun_, true) || turns_->asked_meanwhile(agent_)) return true;
      turns_ = nullptr;
      return false;
    }

   private:
    friend class PruneTurns;
    Turn(PruneTurns& turns, const base::AgentId& agent) : turns_(&turns), agent_(agent) {}

    PruneTurns* turns_;
    base::AgentId agent_;
    bool begun_ = false;
  };

  /// Nullopt when one runs already.
  std::optional<Turn> take(const base::AgentId& agent) {
    const std::scoped_lock lock(mutex_);
    const auto [entry, is_first] = asked_.try_emplace(agent, false);
    if (is_first) return Turn(*this, agent);
    entry->second = true;
    return std::nullopt;
  }

 private:
  bool asked_meanwhile(const base::AgentId& agent) {
    const std::scoped_lock lock(mutex_);
    const auto entry = asked_.find(agent);
    if (std::exchange(entry->second, false)) return true;
    asked_.erase(entry);
    return false;
  }
  void end(const base::AgentId& agent) {
    const std::scoped_lock lock(mutex_);
    asked_.erase(agent);
  }

  std::mutex mutex_;
  std::map<base::AgentId, bool> asked_;
};

}  // namespace codelab::infra::qdrant
