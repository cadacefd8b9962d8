#pragma once

#include <chrono>
#include <cstdint>

#include "core/bus/agent_bus.hpp"
#include "core/chat/call.hpp"
#include "core/chat/ports.hpp"
#include "core/chat/targets.hpp"
#include "core/chat/task_lifecycle.hpp"

namespace codelab::core::chat {

/// What a task fails with whose agent has too many others to do.
base::Error waited_too_long();

/// Runs calls that wait in the queue of their agent once it is their turn. Thread-safe.
class QueuedCalls {
 public:
  struct Ports {
    TaskStore& tasks;
    Targets& targets;
    TaskLifecycle& lifecycle;
    CallRunner& runner;
  };
  struct Limits {
    /// How long a task waits at most.
    std::chrono::milliseconds wait{std::chrono::minutes{30}};
    /// One that is patient.
    std::chrono::milliseconds patience{std::chrono::hours{24}};
    /// Between two looks whether a task that waits is still there: its session may have been deleted.
    std::chrono::milliseconds look{10'000};
  };

  QueuedCalls(Ports ports, Limits limits) : ports_(ports), limits_(limits) {}

  /// Begins the task when its turn comes, with the agent as that is then. Fails it when that
  /// is gone, or the turn has not come in time; leaves a task that is gone, and lets others have it when this process
  /// ends. Runs on the user's home core. Throws as CallRunner::run().
  base::Task<> run(Call call, bus::AgentBus::Turn turn);

 private:
  enum class Wait : std::uint8_t { over, too_long, in_vain };

  base::Task<Wait> wait(const Call& call, bus::AgentBus::Turn& turn);
  /// Of a task that ran in a process that is gone.
  base::Task<> tell_that_it_waits(Call& call);
  base::Task<bool> is_wanted(const Call& call);
  /// The agent as it is now, or as it was when the store is away.
  base::Task<base::Result<agents::CallableAgent>> agent_of(const Call& call);

  Ports ports_;
  const Limits limits_;
};

}  // namespace codelab::core::chat
