#include "app/shared_state.hpp"

#include <stdexcept>
#include <string>
#include <utility>

#include "base/log.hpp"
#include "base/store_error.hpp"
#include "core/events/silent_bus.hpp"
#include "infra/inprocess/agent_queues.hpp"
#include "infra/inprocess/cache.hpp"
#include "infra/inprocess/prune_turns.hpp"
#include "infra/inprocess/rate_limiter.hpp"
#include "infra/redis/address.hpp"
#include "infra/redis/agent_queues.hpp"
#include "infra/redis/cache.hpp"
#include "infra/redis/prune_turns.hpp"
#include "infra/redis/rate_limiter.hpp"
#include "infra/redis/stream_bus.hpp"

namespace codelab::app {
namespace {

constexpr std::chrono::seconds kStopTimeout{2};

/// Of a process that shares a database with others, or none.
class OwnState final : public SharedState {
 public:
  explicit OwnState(bool alone) : alone_(alone) {}

  core::cache::Cache& cache() override { return cache_; }
  core::cache::RateLimiter& limiter() override { return limiter_; }
  core::bus::AgentQueues& queues() override { return queues_; }
  core::memory::PruneTurns& prune_turns() override { return prune_turns_; }
  core::events::StreamBus* bus() override { return alone_ ? nullptr : &bus_; }
  std::string_view name() const override { return {}; }
  base::Task<> look() override { co_return; }
  void stop() override {}

 private:
  infra::inprocess::InProcessCache cache_;
  infra::inprocess::InProcessRateLimiter limiter_;
  infra::inprocess::InProcessAgentQueues queues_;
  infra::inprocess::InProcessPruneTurns prune_turns_;
  core::events::SilentBus bus_;
  const bool alone_;
};

infra::redis::Options options_of(const config::Settings& settings) {
  auto address = infra::redis::parse_address(settings.redis_url);
  if (!address) throw std::runtime_error("storage.redis_url: " + address.error());
  return {.address = std::move(*address), .ca_file = settings.redis_ca_file};
}

class RedisState final : public SharedState {
 public:
  RedisState(const config::Settings& settings, base::Cores& cores, core::events::BusListener& listener,
             Metrics& metrics)
      : clients_(cores, options_of(settings)), bus_(clients_, listener) {
    metrics.add_gauge("codelab_redis_rate_limit_shared", "1 while all processes count requests together",
                      [this] { return limiter_.is_shared() ? 1.0 : 0.0; });
    metrics.add_gauge("codelab_redis_agent_tasks_counted_alone",
                      "Tasks in the queues of this process alone, because Redis did not answer",
                      [this] { return static_cast<double>(queues_.counted_alone()); });
    metrics.add_gauge("codelab_redis_owed_invalidations", "Cache invalidations that Redis has not confirmed",
                      [this] { return static_cast<double>(cache_.owed()); });
  }

  core::cache::Cache& cache() override { return cache_; }
  core::cache::RateLimiter& limiter() override { return limiter_; }
  core::bus::AgentQueues& queues() override { return queues_; }
  core::memory::PruneTurns& prune_turns() override { return prune_turns_; }
  core::events::StreamBus* bus() override { return &bus_; }

  std::string_view name() const override { return "redis"; }
  base::Task<> look() override {
    infra::redis::Command ping{.words = {"PING"}};
    const auto answer = co_await clients_.call(std::move(ping));
    if (!answer) throw base::StoreError("redis: " + answer.error().detail);
    if (!bus_.takes_everything()) throw base::StoreError("redis: it answers, but takes no streams");
  }

  void stop() override {
    bus_.stop();
    if (!clients_.stop(kStopTimeout)) base::log::warning("store_closed_while_busy", {{"store", "redis"}});
  }

 private:
  infra::redis::Clients clients_;
  infra::inprocess::InProcessRateLimiter per_process_;
  infra::redis::RedisCache cache_{clients_};
  infra::redis::RedisRateLimiter limiter_{clients_, per_process_};
  infra::inprocess::InProcessAgentQueues queues_per_process_;
  infra::redis::RedisAgentQueues queues_{clients_, queues_per_process_};
  infra::inprocess::InProcessPruneTurns prune_turns_per_process_;
  infra::redis::RedisPruneTurns prune_turns_{clients_, prune_turns_per_process_};
  infra::redis::RedisStreamBus bus_;
};

}  // namespace

std::unique_ptr<SharedState> open_shared_state(const config::Settings& settings, base::Cores& cores,
                                               core::events::BusListener& listener, Metrics& metrics) {
  if (settings.redis_url.empty()) return std::make_unique<OwnState>(settings.database_url.empty());
  return std::make_unique<RedisState>(settings, cores, listener, metrics);
}

}  // namespace codelab::app
