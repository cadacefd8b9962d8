#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "base/task_group.hpp"
#include "core/bus/agent_queues.hpp"
#include "core/bus/observer.hpp"

namespace codelab::core::bus {

/// This process's tasks in the queues of their agents: keeps their places, and wakes those whose turn has come.
/// Thread-safe.
class AgentBus {
 public:
  struct Limits {
    /// Between two looks at queues in which tasks wait here.
    std::chrono::milliseconds waiting{100};
    /// Between two looks at those in which all that is here runs.
    std::chrono::milliseconds running{3'000};
    /// Before a full queue is tried again.
    std::chrono::milliseconds full{500};
  };

  /// `group` runs what outlives its caller, on `executor`; it ends before this does.
  AgentBus(AgentQueues& queues, BusObserver& observer, base::TaskGroup& group, base::Executor executor, Limits limits)
      : queues_(queues), observer_(observer), group_(group), executor_(std::move(executor)), limits_(limits) {}
  AgentBus(AgentQueues& queues, BusObserver& observer, base::TaskGroup& group, base::Executor executor)
      : AgentBus(queues, observer, group, std::move(executor), Limits{}) {}

  enum class Came : std::uint8_t { yes, not_yet, never };

  struct Member;
  /// A place in a queue, left when this ends. May outlive the bus.
  class Turn {
   public:
    Turn(std::weak_ptr<AgentBus> bus, std::shared_ptr<Member> member);
    Turn(Turn&& other) noexcept = default;
    Turn& operator=(Turn&&) = delete;
    ~Turn() { leave(); }

    bool has_come() const;
    /// Waits for it until `deadline`, or until the bus hands out no more turns. By one coroutine at a time.
    base::Task<Came> come(std::chrono::steady_clock::time_point deadline);
    /// Gives the place back before this ends; nothing else is asked of it afterwards.
    void leave();
    /// Gives the place to others for a while. Returns when it is given back.
    base::Task<> step_aside();
    /// Ends that, as enter_and_come().
    base::Task<> come_back();

   private:
    std::weak_ptr<AgentBus> bus_;
    Ticket ticket_;
    QueueBounds bounds_;
    std::shared_ptr<Member> member_;
  };

  /// Errors: queue_full.
  base::Task<base::Result<Turn>> enter(Ticket ticket, QueueBounds bounds);
  /// For the part of a task that was accepted before: waits until it has its slot, outside the queue while that is
  /// full. Nothing when it has none at `deadline`. Where no more turns are handed out none comes.
  base::Task<std::optional<Turn>> enter_and_come(Ticket ticket, QueueBounds bounds,
                                                 std::chrono::steady_clock::time_point deadline);
  /// Looks after all places, until it is cancelled.
  base::Task<> run();
  /// Nobody's turn comes here any more; places are looked after as before. On any thread.
  void stop_turns();

  struct Counts {
    std::size_t running = 0;
    std::size_t waiting = 0;
  };
  Counts counts() const;

 private:
  using Key = std::pair<base::UserId, base::AgentId>;
  using Members = std::vector<std::shared_ptr<Member>>;

  /// Nothing when the queue is full.
  base::Task<std::optional<Turn>> try_enter(Ticket ticket, QueueBounds bounds);
  static Key key_of(const Ticket& ticket) { return {ticket.scope.user(), ticket.agent}; }
  bool is_stopped() const;
  void leave(const std::shared_ptr<Member>& member);
  void forget(const std::shared_ptr<Member>& member);
  void begin(const std::shared_ptr<Member>& member);
  base::Task<> leave_and_look(std::shared_ptr<Member> member);
  base::Task<> look_after(Key key);
  base::Task<> look_after_due(Key key);
  /// Those that come back are looked after until that has ended.
  std::vector<Key> take_due();

  AgentQueues& queues_;
  BusObserver& observer_;
  base::TaskGroup& group_;
  base::Executor executor_;
  const Limits limits_;
  mutable std::mutex mutex_;
  struct Agent {
    Members members;
    std::chrono::steady_clock::time_point looked_after;
    /// run() waits for the queues' answer: one that is slow delays no other agent.
    bool being_looked_after = false;
  };
  std::map<Key, Agent> agents_;
  bool stopped_ = false;
  /// What turns know this by.
  std::shared_ptr<AgentBus> self_{this, [](AgentBus*) {}};
};

}  // namespace codelab::core::bus
