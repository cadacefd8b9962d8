#include "infra/postgres/server.hpp"

#include <algorithm>
#include <condition_variable>
#include <future>
#include <mutex>
#include <stop_token>

#include <boost/asio/post.hpp>
#include <fmt/format.h>

#include "base/log.hpp"
#include "infra/postgres/handshake.hpp"
#include "infra/postgres/migrations.hpp"

namespace codelab::infra::postgres {
namespace {

/// At least: two that carry reads, so that one which is held up is not the only one, and three for transactions.
constexpr std::size_t kConnectionsOfALane = 5;
constexpr std::size_t kReading = 2;
constexpr std::chrono::seconds kAnswerTimeout{5};
constexpr std::chrono::seconds kPrepareAgainAfter{2};

PoolLimits limits_of(const DatabaseSettings& settings, std::size_t connections, std::size_t leases_each) {
  PoolLimits limits = settings.pool;
  limits.connections = connections;
  limits.leases_each = leases_each;
  return limits;
}

/// With more cores than lanes, some cores use another's. The fewest connections are three.
std::vector<Lane> lanes_to(const Address& address, const DatabaseSettings& settings, base::Cores& cores,
                           base::TaskGroup& openers) {
  const std::size_t count = std::clamp<std::size_t>(settings.connections / kConnectionsOfALane, 1, cores.size());
  std::vector<Lane> lanes;
  for (std::size_t i = 0; i < count; ++i) {
    const auto executor = cores.executor(i);
    const std::size_t left_over = i < settings.connections % count ? 1 : 0;
    const std::size_t share = std::max(kReading + 1, settings.connections / count + left_over);
    const std::size_t reading = std::max(kReading, share / 4);
    const auto pool = [&](const PoolLimits& limits) {
      return std::make_shared<Pool>(executor, address, settings.connection, limits, openers);
    };
    lanes.push_back({.executor = executor,
                     .transactions = pool(limits_of(settings, share - reading, 1)),
                     .reads = pool(limits_of(settings, reading, settings.reads_each))});
  }
  return lanes;
}

/// False when it was asked to stop meanwhile.
bool pause(const std::stop_token& stop, std::chrono::seconds time) {
  std::mutex mutex;
  std::condition_variable_any stopped;
  std::unique_lock lock(mutex);
  stopped.wait_for(lock, stop, time, [] { return false; });
  return !stop.stop_requested();
}

}  // namespace

std::vector<ShardAddress> DatabaseSettings::servers() const {
  std::vector<ShardAddress> all{
      {.name = std::string(kMainShard), .address = address, .migration_address = migration_address}};
  all.insert(all.end(), shards.begin(), shards.end());
  return all;
}

Server::Server(ShardAddress where, const DatabaseSettings& settings, base::Cores& cores, const base::Clock& clock,
               base::TaskGroup& openers, bool may_be_away)
    : where_(std::move(where)),
      one_of_several_(settings.sharded()),
      clock_(clock),
      lanes_(lanes_to(Address(where_.address), settings, cores, openers)),
      apart_(std::make_shared<Pool>(lanes_.front().executor, Address(where_.address), settings.connection,
                                    limits_of(settings, 1, 1), openers)) {
  if (may_be_away && !answers(Address(where_.address), kAnswerTimeout)) {
    prepare_later();
  } else {
    prepare();
    prepared_ = available_ = true;
  }
}

Server::~Server() = default;

void Server::prepare() const {
  const Address login(where_.address);
  const auto& owner = where_.migration_address.empty() ? where_.address : where_.migration_address;
  migrate(Address(owner), embedded_migrations(), clock_.now());
  require_serving_login(login);
  if (one_of_several_) require_name(login, where_.name);
}

void Server::prepare_later() {
  base::log::error("shard_away", {{"shard", where_.name}, {"reason", "nobody answers at its address"}});
  preparing_ = std::jthread([this](const std::stop_token& stop) {
    while (pause(stop, kPrepareAgainAfter)) {
      if (!answers(Address(where_.address), kAnswerTimeout)) continue;
      try {
        prepare();
        prepared_ = true;
        base::log::info("shard_there", {{"shard", where_.name}});
        return;
      } catch (const std::exception& failure) {
        base::log::error("shard_not_usable", {{"shard", where_.name}, {"reason", failure.what()}});
      }
    }
  });
}

const Lane& Server::lane(std::size_t index) const {
  require_prepared();
  return lanes_[index];
}

const std::shared_ptr<Pool>& Server::apart() const {
  require_prepared();
  return apart_;
}

void Server::require_prepared() const {
  if (prepared_) return;
  throw base::StoreError(fmt::format("postgres: the shard {} has not been there since the start", where_.name));
}

/// On cores that were stopped nothing runs any more, so this thread may close what is theirs: what is posted there does
/// not come, and whoever waits for an answer would be kept for ever by the connection that it keeps.
void Server::close(bool running, std::chrono::seconds patience) {
  preparing_ = std::jthread();
  const auto close_on = [&](const base::Executor& executor, std::vector<std::shared_ptr<Pool>> pools) {
    auto closed = std::make_shared<std::promise<void>>();
    auto close = [pools = std::move(pools), closed] {
      for (const auto& pool : pools) pool->close();
      closed->set_value();
    };
    if (!running) return close();
    boost::asio::post(executor, std::move(close));
    closed->get_future().wait_for(patience);
  };
  for (const Lane& lane : lanes_) close_on(lane.executor, {lane.transactions, lane.reads});
  close_on(lanes_.front().executor, {apart_});
}

}  // namespace codelab::infra::postgres
