#pragma once

#include <cstdint>
#include <mutex>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/bus/agent_queues.hpp"
#include "infra/redis/clients.hpp"

namespace codelab::infra::redis {

/// The queues of all processes of a deployment. While Redis does not answer, tasks are queued with those of
/// `per_process`, which is shared by this process's tasks only; they are back in Redis with the first look that it
/// answers. Thread-safe.
class RedisAgentQueues final : public core::bus::AgentQueues {
 public:
  RedisAgentQueues(Clients& clients, core::bus::AgentQueues& per_process)
      : clients_(clients), per_process_(per_process) {}

  base::Task<core::bus::Place> enter(core::bus::Ticket ticket, core::bus::QueueBounds bounds) override;
  base::Task<std::vector<base::TaskId>> look_after(std::vector<core::bus::Ticket> running,
                                                   std::vector<core::bus::Ticket> waiting,
                                                   core::bus::QueueBounds bounds) override;
  base::Task<> leave(core::bus::Ticket ticket, core::bus::QueueBounds bounds) override;

  /// Tasks that are queued with `per_process`.
  std::size_t counted_alone() const;

 private:
  enum class Where : std::uint8_t { redis, this_process };

  /// Called with the mutex held.
  void put(Where& where, Where wanted, std::string_view reason);
  /// Those that have not left meanwhile are queued with `per_process` from now on: which those are.
  std::vector<core::bus::Ticket> queued_alone(std::vector<core::bus::Ticket> tickets, std::string_view reason);
  /// All are queued in Redis from now on: those that were not, and have still to leave `per_process`.
  std::vector<core::bus::Ticket> queued_together(std::vector<core::bus::Ticket> tickets);
  static base::Task<Outcome> run(Clients& clients, std::string_view what, core::bus::QueueBounds bounds,
                                 core::bus::Ticket ticket);
  /// For a place that Redis may have given though nobody heard of it. Uses no queues: they may be gone.
  static base::Task<> leave_unheard(Clients& clients, core::bus::QueueBounds bounds, core::bus::Ticket ticket);
  base::Task<Outcome> look(std::vector<core::bus::Ticket> running, std::vector<core::bus::Ticket> waiting,
                           core::bus::QueueBounds bounds);

  Clients& clients_;
  core::bus::AgentQueues& per_process_;
  mutable std::mutex mutex_;
  /// This process's tasks, by where they are queued.
  std::unordered_map<base::TaskId, Where> entered_;
  /// Those of them that are queued with `per_process`.
  std::size_t alone_ = 0;
};

}  // namespace codelab::infra::redis
