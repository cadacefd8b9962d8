#pragma once

#include <algorithm>
#include <functional>
#include <utility>
#include <vector>

#include "core/agents/ports.hpp"

namespace codelab::tests {

/// Behaves as a true store does, in memory, without events. For one thread.
class InMemoryAgentStore final : public core::agents::AgentStore {
 public:
  using UserScope = core::identity::UserScope;
  using Agent = core::agents::Agent;

  /// Run when a find() has read its row and not yet returned it.
  std::function<void()> after_find;
  /// Awaited when a write is done and has not yet returned. May throw, as when the answer to a COMMIT is lost.
  std::function<base::Task<>()> after_write;

  base::Task<core::Page<Agent>> list(UserScope scope, core::PageRequest) override {
    core::Page<Agent> page;
    for (const auto& [owner, agent] : agents_) {
      if (owner == scope) page.items.push_back(agent);
    }
    co_return page;
  }
  base::Task<std::optional<Agent>> find(UserScope scope, core::agents::AgentRef ref) override {
    std::optional<Agent> found;
    for (const auto& [owner, agent] : agents_) {
      const bool meant = ref.id ? agent.id == *ref.id : agent.name == ref.name;
      if (owner == scope && meant) found = agent;
    }
    if (after_find) after_find();
    co_return found;
  }
  base::Task<base::Result<Agent>> create(UserScope scope, Agent agent) override {
    if (taken(scope, agent)) co_return base::make_error(base::ErrorCode::name_taken, "taken");
    agents_.emplace_back(scope, agent);
    if (after_write) co_await after_write();
    co_return agent;
  }
  base::Task<base::Result<Agent>> replace(UserScope scope, Agent agent, base::Timestamp expected_updated_at) override {
    if (taken(scope, agent)) co_return base::make_error(base::ErrorCode::name_taken, "taken");
    for (auto& [owner, stored] : agents_) {
      if (owner != scope || stored.id != agent.id) continue;
      if (stored.updated_at != expected_updated_at) {
        co_return base::make_error(base::ErrorCode::state_conflict, "changed meanwhile");
      }
      agent.created_at = stored.created_at;
      stored = agent;
      if (after_write) co_await after_write();
      co_return agent;
    }
    co_return base::make_error(base::ErrorCode::agent_not_found, "none");
  }
  base::Task<bool> erase(UserScope scope, base::AgentId agent, base::Timestamp) override {
    const auto erased =
        std::erase_if(agents_, [&](const auto& each) { return each.first == scope && each.second.id == agent; });
    if (after_write) co_await after_write();
    co_return erased > 0;
  }

 private:
  bool taken(const UserScope& scope, const Agent& agent) const {
    return std::ranges::any_of(agents_, [&](const auto& each) {
      return each.first == scope && each.second.name == agent.name && each.second.id != agent.id;
    });
  }

  std::vector<std::pair<UserScope, Agent>> agents_;
};

}  // namespace codelab::tests
