#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>

#include <boost/asio/steady_timer.hpp>

#include "base/clock.hpp"
#include "base/cores.hpp"
#include "base/task_group.hpp"
#include "core/bus/agent_bus.hpp"
#include "core/chat/queued_calls.hpp"
#include "core/chat/running_tasks.hpp"
#include "core/chat/targets.hpp"
#include "core/chat/task_leases.hpp"

namespace codelab::core::chat {

/// Keeps this process's lease on its tasks, and runs what is nobody's: what processes that are gone left unfinished,
/// from what is recorded of it, and what waited for a decision that is made. A task that has brought down several
/// processes is not tried for ever.
class TakeOver {
 public:
  struct Ports {
    TaskLeases& leases;
    TaskStore& tasks;
    RunningTasks& running;
    Targets& targets;
    bus::AgentBus& bus;
    const base::Clock& clock;
    base::Cores& cores;
    /// Runs the work.
    base::TaskGroup& work;
  };
  struct Limits {
    std::chrono::milliseconds lease{6'000};
    /// Between two renewals, and between two looks for tasks to take over.
    std::chrono::milliseconds interval{2'000};
    /// Longer than it takes to begin a task.
    std::chrono::seconds lost_after{30};
    /// How often a task may be taken over in the midst without that anything of it is finished.
    std::int64_t stalls = 3;
    std::size_t running = 4'096;
  };

  TakeOver(Ports ports, QueuedCalls& queued, Limits limits) : ports_(ports), queued_(queued), limits_(limits) {}

  /// Before the first task is begun; throws when the store is away.
  base::Task<> begin();
  /// Keeps the lease until it is cancelled.
  base::Task<> keep_lease();
  /// Whether the store took the lease lately: else it takes nothing else that is to be written either. On any thread.
  bool has_lease() const { return leased_; }
  /// Takes over until it is cancelled. On the same executor.
  base::Task<> run();
  /// Looks at once: something can be taken that could not be before. On any thread.
  void look_soon();
  /// From now on only the lease is kept. On any thread.
  void stop_taking() { taking_ = false; }
  /// Lets others have what this process did not finish, at once.
  base::Task<> end();

 private:
  base::Task<> renew();
  bool may_take() const;
  base::Task<> take_over();
  base::Task<> resume(TakenTask taken);
  base::Task<> resume_once(const TakenTask& taken);
  base::Task<> give_up(const TakenTask& taken, base::Error error);

  Ports ports_;
  QueuedCalls& queued_;
  Limits limits_;
  std::atomic<bool> taking_{true};
  std::atomic<bool> leased_{false};
  std::atomic<bool> woken_{false};
  std::mutex mutex_;
  /// What run() waits on, on its executor.
  std::weak_ptr<boost::asio::steady_timer> until_next_look_;
  /// While the store was away, the other processes had no chance to renew their leases either.
  std::chrono::steady_clock::time_point not_before_;
};

}  // namespace codelab::core::chat
