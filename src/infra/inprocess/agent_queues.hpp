#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <utility>
#include <vector>

#include "core/bus/agent_queues.hpp"

namespace codelab::infra::inprocess {

/// The queues of a process that is alone.
class InProcessAgentQueues final : public core::bus::AgentQueues {
 public:
  base::Task<core::bus::Place> enter(core::bus::Ticket ticket, core::bus::QueueBounds bounds) override;
  base::Task<std::vector<base::TaskId>> look_after(std::vector<core::bus::Ticket> running,
                                                   std::vector<core::bus::Ticket> waiting,
                                                   core::bus::QueueBounds bounds) override;
  base::Task<> leave(core::bus::Ticket ticket, core::bus::QueueBounds bounds) override;

 private:
  struct Waiting {
    base::TaskId task;
    base::SessionId session;
  };
  /// There is one while an agent has tasks.
  struct Queue {
    std::vector<base::TaskId> running;
    /// In the order in which they came.
    std::vector<Waiting> waiting;
    /// When each session got a slot last, counted in slots given.
    std::map<base::SessionId, std::int64_t> served;
    std::int64_t given = 0;

    bool has(const base::TaskId& task) const;
  };
  using Key = std::pair<base::UserId, base::AgentId>;

  static Key key_of(const core::bus::Ticket& ticket) { return {ticket.scope.user(), ticket.agent}; }
  static void start(Queue& queue, const base::TaskId& task, const base::SessionId& session);
  static void give_slots(Queue& queue, std::int64_t slots);

  std::mutex mutex_;
  std::map<Key, Queue> queues_;
};

}  // namespace codelab::infra::inprocess
