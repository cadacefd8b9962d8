#pragma once

#include <memory>
#include <vector>

#include "infra/postgres/database.hpp"
#include "infra/postgres/server.hpp"

/// Private to database*.cpp.
namespace codelab::infra::postgres {

struct Database::State {
  State(const DatabaseSettings& settings, base::Cores& running_cores, const base::Clock& now,
        core::events::EventRelay& relay, StoreObserver& told);

  bool sharded() const { return servers.size() > 1; }
  const Lane& lane_of(std::size_t shard, std::size_t lane) const { return servers[shard]->lane(lane); }
  Visibility visibility(std::optional<UserScope> scope, std::chrono::milliseconds statement_timeout) const;

  const ServerTimeouts timeouts;
  /// How long a caller waits for a connection, or for a user who is being moved.
  const std::chrono::milliseconds max_wait;
  base::Cores& cores;
  const base::Clock& clock;
  StoreObserver& observer;
  /// One for all: a stream that moves with its user keeps its order.
  RelayOrder order;
  Placement places;
  base::TaskGroup openers{"postgres connections"};
  base::TaskGroup tasks{"postgres"};
  std::vector<std::unique_ptr<Server>> servers;
};

}  // namespace codelab::infra::postgres
