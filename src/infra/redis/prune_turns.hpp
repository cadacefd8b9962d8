#pragma once

#include <chrono>
#include <memory>

#include "core/memory/prune_turns.hpp"
#include "infra/redis/clients.hpp"
#include "infra/redis/locks.hpp"

namespace codelab::infra::redis {

/// Turns over all processes of a deployment: a lock each. Within a process they are those of `per_process`, and while
/// Redis does not answer only those, so that bounds are kept in an outage too: at the worst two processes delete the
/// same memories, and both tell how many. Thread-safe; turns may outlive it.
class RedisPruneTurns final : public core::memory::PruneTurns {
 public:
  struct Times {
    /// A turn whose process is gone ends by itself after so long.
    std::chrono::milliseconds kept{10'000};
    /// For another process to end its turn; what is too much after that goes with the agent's next memory.
    std::chrono::milliseconds waits{1'000};
  };

  /// Both outlive this object.
  RedisPruneTurns(Clients& clients, core::memory::PruneTurns& per_process)
      : RedisPruneTurns(clients, per_process, {}) {}
  RedisPruneTurns(Clients& clients, core::memory::PruneTurns& per_process, Times times);

  base::Task<std::unique_ptr<core::memory::PruneTurn>> take(core::identity::UserScope scope,
                                                            base::AgentId agent) override;

 private:
  class Leases;
  class Turn;

  core::memory::PruneTurns& per_process_;
  const Times times_;
  const std::shared_ptr<Leases> leases_;
};

}  // namespace codelab::infra::redis
