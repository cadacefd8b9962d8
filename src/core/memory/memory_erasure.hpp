#pragma once

#include <chrono>
#include <cstdint>

#include "base/cores.hpp"
#include "base/task_group.hpp"
#include "core/agents/agent_listener.hpp"
#include "core/agents/ports.hpp"
#include "core/identity/account_listener.hpp"
#include "core/memory/owned_memories.hpp"

namespace codelab::core::memory {

/// Drops the memories of agents and users that are gone, where the store of memories stands apart: at once, in the
/// background, and again until it is done. What a stop of the server cuts off is found by the next start's reconcile().
/// Thread-safe.
class MemoryErasure final : public agents::AgentListener, public identity::AccountListener {
 public:
  /// All of them outlive the tasks of `work`.
  struct Parts {
    OwnedMemories& memories;
    agents::AgentStore& agents;
    base::Cores& cores;
    base::TaskGroup& work;
  };
  /// Between two attempts: doubles from the first to the last.
  struct Pauses {
    std::chrono::milliseconds first{1'000};
    std::chrono::milliseconds last{60'000};
  };

  explicit MemoryErasure(Parts parts) : MemoryErasure(parts, {}) {}
  MemoryErasure(Parts parts, Pauses pauses) : parts_(parts), pauses_(pauses) {}

  /// Runs reconcile() in the background, again until it is done. The cores run.
  void start();
  /// Drops what belongs to agents that do not exist; how many owners that were. Throws when a store is away.
  base::Task<std::int64_t> reconcile();

  void agent_erased(const identity::UserScope& scope, const base::AgentId& agent) noexcept override;
  void user_erased(const base::UserId& user) noexcept override;
  void session_revoked(const base::UserId&, const base::AuthSessionId&) noexcept override {}

 private:
  Parts parts_;
  Pauses pauses_;
};

}  // namespace codelab::core::memory
