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
/// `per_process`, which is shared by this process's tasks only, and stay there. Thread-safe.
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

  /// Takes those that are queued with `per_process` out of `tickets`.
  std::vector<core::bus::Ticket> take_elsewhere(std::vector<core::bus::Ticket>& tickets);
  /// Those that have not left meanwhile are queued with `per_process` from now on: which those are.
  std::vector<core::bus::Ticket> put_elsewhere(std::vector<core::bus::Ticket> tickets);
  base::Task<Outcome> run(std::string_view what, core::bus::QueueBounds bounds, core::bus::Ticket ticket);
  base::Task<Outcome> look(std::vector<core::bus::Ticket> running, std::vector<core::bus::Ticket> waiting,
                           core::bus::QueueBounds bounds);

  Clients& clients_;
  core::bus::AgentQueues& per_process_;
  mutable std::mutex mutex_;
  /// This process's tasks, by where they are queued.
  std::unordered_map<base::TaskId, Where> entered_;
};

}  // namespace codelab::infra::redis
