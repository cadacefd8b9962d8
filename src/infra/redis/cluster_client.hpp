#pragma once

#include <map>
#include <memory>
#include <vector>

#include "infra/redis/client.hpp"
#include "infra/redis/connection.hpp"
#include "infra/redis/slot_map.hpp"

namespace codelab::infra::redis {

/// A cluster: one connection to each node that serves slots, made when it is first needed. A command goes to the node
/// of its key's slot. MOVED and ASK are followed; after MOVED, and when a node is away or the cluster is down, the map
/// of slots is read again. A command waits for that once, unless it was of no help to another one just now.
class ClusterClient final : public Client, public std::enable_shared_from_this<ClusterClient> {
 public:
  static std::shared_ptr<ClusterClient> start(const base::Executor& executor, const Options& options,
                                              const TlsContext& tls, base::TaskGroup& group);
  ClusterClient(const base::Executor& executor, const Options& options, const TlsContext& tls, base::TaskGroup& group);

  base::Task<Outcome> call(Command command, SteadyTime deadline) override;
  base::Task<bool> ready(SteadyTime deadline) override;
  bool connected() const override;
  std::vector<Endpoint> nodes() const override { return map_.nodes(); }
  void stop() override;

 private:
  using ConnectionPtr = std::shared_ptr<Connection>;

  static base::Task<> keep_map(std::shared_ptr<ClusterClient> self);
  base::Task<bool> read_map();
  /// Waits until the map was read once more, or could not be.
  base::Task<> next_map(SteadyTime deadline);
  void wake_waiting_for_map();
  /// Not while none can be read, nor as long as the last one is known not to have helped.
  bool map_may_help() const;
  /// A command failed whatever the map says. It is read again, and nobody waits for that.
  void no_map_helped();
  /// Who serves that command now; any node when it has no key.
  std::optional<Endpoint> target_of(const Command& command) const;
  ConnectionPtr node(const Endpoint& endpoint);
  void forget_nodes_without_slots();

  base::Executor executor_;
  Options options_;
  TlsContext tls_;
  base::TaskGroup& group_;
  Backoff backoff_;
  boost::asio::steady_timer map_wanted_;
  SlotMap map_;
  std::map<Endpoint, ConnectionPtr> nodes_;
  std::vector<PendingCallPtr> waiting_for_map_;
  /// The last reading of the map failed.
  bool away_ = false;
  SteadyTime no_help_until_;
  bool stopped_ = false;
};

}  // namespace codelab::infra::redis
