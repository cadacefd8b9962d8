#include "tests/contract/caches.hpp"

#include "infra/inprocess/agent_queues.hpp"
#include "infra/inprocess/cache.hpp"
#include "infra/inprocess/rate_limiter.hpp"
#include "infra/redis/agent_queues.hpp"
#include "infra/redis/cache.hpp"
#include "infra/redis/rate_limiter.hpp"
#include "tests/integration/redis/redis_fixture.hpp"

namespace codelab::tests {
namespace {

class InProcessCaches final : public Caches {
 public:
  core::cache::Cache& here() override { return only_; }
  core::cache::Cache& there() override { return only_; }

 private:
  infra::inprocess::InProcessCache only_;
};

class RedisCaches final : public Caches {
 public:
  core::cache::Cache& here() override { return first_; }
  core::cache::Cache& there() override { return second_; }

 private:
  RedisProcess here_{redis_options(RedisServer::shared().url())};
  RedisProcess there_{redis_options(RedisServer::shared().url())};
  infra::redis::RedisCache first_{here_.clients};
  infra::redis::RedisCache second_{there_.clients};
};

class InProcessRateLimiters final : public RateLimiters {
 public:
  explicit InProcessRateLimiters(TestTime time)
      : only_(100, [time] { return std::chrono::steady_clock::time_point(time()); }) {}
  core::cache::RateLimiter& here() override { return only_; }
  core::cache::RateLimiter& there() override { return only_; }

 private:
  infra::inprocess::InProcessRateLimiter only_;
};

/// Nobody asks it: Redis is there.
class NoRateLimiter final : public core::cache::RateLimiter {
 public:
  base::Task<core::cache::RateDecision> take(std::string, std::int64_t) override {
    ADD_FAILURE() << "the shared limiter was not asked";
    co_return core::cache::RateDecision{};
  }
};

class RedisRateLimiters final : public RateLimiters {
 public:
  explicit RedisRateLimiters(TestTime time)
      : first_(here_.clients, none_, time), second_(there_.clients, none_, time) {}
  core::cache::RateLimiter& here() override { return first_; }
  core::cache::RateLimiter& there() override { return second_; }

 private:
  RedisProcess here_{redis_options(RedisServer::shared().url())};
  RedisProcess there_{redis_options(RedisServer::shared().url())};
  NoRateLimiter none_;
  infra::redis::RedisRateLimiter first_;
  infra::redis::RedisRateLimiter second_;
};

class InProcessQueues final : public Queues {
 public:
  core::bus::AgentQueues& here() override { return only_; }
  core::bus::AgentQueues& there() override { return only_; }

 private:
  infra::inprocess::InProcessAgentQueues only_;
};

/// Likewise.
class NoQueues final : public core::bus::AgentQueues {
 public:
  base::Task<core::bus::Place> enter(core::bus::Ticket, core::bus::QueueBounds) override {
    ADD_FAILURE() << "the shared queues were not asked";
    co_return core::bus::Place::refused;
  }
  base::Task<std::vector<base::TaskId>> look_after(std::vector<core::bus::Ticket>, std::vector<core::bus::Ticket>,
                                                   core::bus::QueueBounds) override {
    ADD_FAILURE() << "the shared queues were not asked";
    co_return std::vector<base::TaskId>{};
  }
  base::Task<> leave(core::bus::Ticket, core::bus::QueueBounds) override {
    ADD_FAILURE() << "the shared queues were not asked";
    co_return;
  }
};

class RedisQueues final : public Queues {
 public:
  core::bus::AgentQueues& here() override { return first_; }
  core::bus::AgentQueues& there() override { return second_; }

 private:
  RedisProcess here_{redis_options(RedisServer::shared().url())};
  RedisProcess there_{redis_options(RedisServer::shared().url())};
  NoQueues none_;
  infra::redis::RedisAgentQueues first_{here_.clients, none_};
  infra::redis::RedisAgentQueues second_{there_.clients, none_};
};

}  // namespace

std::vector<QueuesKind> queues_kinds() {
  return {{"InProcess", [] { return std::make_unique<InProcessQueues>(); }},
          {"Redis", [] { return std::make_unique<RedisQueues>(); }}};
}

std::vector<CacheKind> cache_kinds() {
  return {{"InProcess", [] { return std::make_unique<InProcessCaches>(); }},
          {"Redis", [] { return std::make_unique<RedisCaches>(); }}};
}

std::vector<RateLimiterKind> rate_limiter_kinds() {
  return {{"InProcess", [](TestTime time) { return std::make_unique<InProcessRateLimiters>(std::move(time)); }},
          {"Redis", [](TestTime time) { return std::make_unique<RedisRateLimiters>(std::move(time)); }}};
}

}  // namespace codelab::tests
