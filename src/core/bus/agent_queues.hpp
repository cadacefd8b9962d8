#pragma once

#include <cstdint>
#include <vector>

#include "base/ids.hpp"
#include "base/task.hpp"
#include "core/identity/user_scope.hpp"

namespace codelab::core::bus {

/// A task that wants to run.
struct Ticket {
  identity::UserScope scope;
  base::AgentId agent;
  base::SessionId session;
  base::TaskId task;
};

/// Of one agent.
struct QueueBounds {
  /// Tasks that run at the same time.
  std::int64_t running = 3;
  /// Tasks that wait for that.
  std::int64_t waiting = 100;
};

enum class Place : std::uint8_t { refused, waiting, running };

/// The queues of all agents, over all processes. An agent has so many slots; a task that finds none waits. A slot that
/// comes free goes to the session that was served longest ago, and in it to the task that came first. A place is kept
/// as long as its process looks after it: what a process that is gone had is free again ten seconds later. Tasks that
/// run are never stopped, so there are more than `running` for a while when that is made less. Thread-safe; never
/// throws for a store that is away.
class AgentQueues {
 public:
  virtual ~AgentQueues() = default;
  /// Twice is once. Refused when so many wait already.
  virtual base::Task<Place> enter(Ticket ticket, QueueBounds bounds) = 0;
  /// Keeps the places of tasks of one agent, to be called every few seconds for all that are running and waiting here;
  /// one that has lost its place gets it again. Which of those that waited run now.
  virtual base::Task<std::vector<base::TaskId>> look_after(std::vector<Ticket> running, std::vector<Ticket> waiting,
                                                           QueueBounds bounds) = 0;
  virtual base::Task<> leave(Ticket ticket, QueueBounds bounds) = 0;
};

}  // namespace codelab::core::bus
