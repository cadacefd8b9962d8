#pragma once

#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "core/bus/agent_queues.hpp"
#include "infra/redis/clients.hpp"

namespace codelab::infra::redis {

/// The queues of all processes of a deployment. A task that enters while Redis does not answer is queued with those of
/// `per_process`, which is shared by this process's tasks only, and stays there. Thread-safe.
class RedisAgentQueues final : public core::bus::AgentQueues {
 public:
  RedisAgentQueues(Clients& clients, core::bus::AgentQueues& per_process)
      : clients_(clients), per_process_(per_process) {}

  base::Task<core::bus::Place> enter(core::bus::Ticket ticket, core::bus::QueueBounds bounds) override;
  base::Task<std::vector<base::TaskId>> look_after(std::vector<core::bus::Ticket> running,
                                                   std::vector<core::bus::Ticket> waiting,
                                                   core::bus::QueueBounds bounds) override;
  base::Task<> leave(core::bus::Ticket ticket, core::bus::QueueBounds bounds) override;

 private:
  /// Takes those that are queued with `per_process` out of `tickets`.
  std::vector<core::bus::Ticket> take_elsewhere(std::vector<core::bus::Ticket>& tickets);
  base::Task<Outcome> run(std::string_view what, core::bus::QueueBounds bounds, core::bus::Ticket ticket);

  Clients& clients_;
  core::bus::AgentQueues& per_process_;
  std::mutex mutex_;
  /// Those that are queued with `per_process`.
  std::set<base::TaskId> elsewhere_;
};

}  // namespace codelab::infra::redis
