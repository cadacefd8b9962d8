#include "infra/postgres/database.hpp"

#include <algorithm>
#include <future>
#include <vector>

#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>

#include "base/log.hpp"
#include "infra/postgres/migrations.hpp"

namespace codelab::infra::postgres {
namespace {

constexpr std::size_t kConnectionsOfALane = 4;
constexpr std::chrono::seconds kDrain{5};

/// The server ends a statement first, the lines are cut later.
ConnectionSettings patient(ConnectionSettings connection, std::chrono::milliseconds longest_statement) {
  connection.answer_timeout = std::max(connection.answer_timeout, longest_statement + std::chrono::seconds(5));
  return connection;
}

PoolLimits limits_of(const DatabaseSettings& settings, std::size_t connections, std::size_t leases_each) {
  PoolLimits limits = settings.pool;
  limits.connections = connections;
  limits.leases_each = leases_each;
  return limits;
}

}  // namespace

struct Database::State {
  State(const DatabaseSettings& settings, base::Cores& running_cores, const base::Clock& now,
        core::events::EventRelay& relay, StoreObserver& told);

  const ServerTimeouts timeouts;
  base::Cores& cores;
  const base::Clock& clock;
  StoreObserver& observer;
  RelayOrder order;
  base::TaskGroup openers{"postgres connections"};
  base::TaskGroup tasks{"postgres"};
  std::vector<Lane> lanes;
  /// One connection, on the first lane's executor.
  std::shared_ptr<Pool> apart;
};

/// With more cores than lanes, some cores use another's.
Database::State::State(const DatabaseSettings& settings, base::Cores& running_cores, const base::Clock& now,
                       core::events::EventRelay& relay, StoreObserver& told)
    : timeouts(settings.timeouts), cores(running_cores), clock(now), observer(told), order(relay) {
  const Address address(settings.address);
  const auto longest = std::max(timeouts.statement, timeouts.erasure);
  const std::size_t count = std::clamp<std::size_t>(settings.connections / kConnectionsOfALane, 1, cores.size());
  const std::size_t share = std::max<std::size_t>(2, settings.connections / count);
  const std::size_t reading = std::max<std::size_t>(1, share / 4);
  for (std::size_t i = 0; i < count; ++i) {
    const auto executor = cores.executor(i);
    const auto pool = [&](std::chrono::milliseconds longest_statement, const PoolLimits& limits) {
      const auto connection = patient(settings.connection, longest_statement);
      return std::make_shared<Pool>(executor, address, connection, limits, openers);
    };
    lanes.push_back({.executor = executor,
                     .transactions = pool(longest, limits_of(settings, share - reading, 1)),
                     .reads = pool(timeouts.statement, limits_of(settings, reading, settings.reads_each))});
  }
  apart = std::make_shared<Pool>(lanes.front().executor, address, patient(settings.connection, timeouts.statement),
                                 limits_of(settings, 1, 1), openers);
}

Database::Database(const DatabaseSettings& settings, base::Cores& cores, const base::Clock& clock,
                   core::events::EventRelay& relay, StoreObserver& observer) {
  const auto& owner = settings.migration_address.empty() ? settings.address : settings.migration_address;
  migrate(Address(owner), embedded_migrations(), clock.now());
  require_serving_login(Address(settings.address));
  state_ = std::make_shared<State>(settings, cores, clock, relay, observer);
}

Database::~Database() { close(); }

/// What still runs when the time is over keeps the state that it needs. On cores that were stopped nothing runs any
/// more: the connections end with what is posted there.
void Database::close() {
  if (std::exchange(closed_, true)) return;
  const bool running = !state_->cores.context(0).stopped();
  if (running && !state_->tasks.drain(kDrain)) {
    base::log::warning("store_closed_while_busy", {{"store", "postgres"}});
  }
  state_->tasks.cancel();
  state_->openers.cancel();
  const auto close_on = [running](const base::Executor& executor, std::vector<std::shared_ptr<Pool>> pools) {
    auto closed = std::make_shared<std::promise<void>>();
    boost::asio::post(executor, [pools = std::move(pools), closed] {
      for (const auto& pool : pools) pool->close();
      closed->set_value();
    });
    if (running) closed->get_future().wait_for(kDrain);
  };
  for (const Lane& lane : state_->lanes) close_on(lane.executor, {lane.transactions, lane.reads});
  close_on(state_->lanes.front().executor, {state_->apart});
}

base::Task<Answer> Database::read(std::string_view operation, UserScope scope, Batch batch) {
  return run_as(operation, visibility(scope, timeouts().statement), scope.user(), std::move(batch), Access::read);
}

base::Task<Answer> Database::read_as_operator(std::string_view operation, Batch batch) {
  return run_as(operation, visibility(std::nullopt, timeouts().statement), {}, std::move(batch), Access::read);
}

base::Task<Answer> Database::write_as_operator(std::string_view operation, Batch batch) {
  return run_as(operation, visibility(std::nullopt, timeouts().statement), {}, std::move(batch), Access::write);
}

base::Task<Answer> Database::run_as(std::string_view operation, Visibility visibility, base::UserId home, Batch batch,
                                    Access access) {
  const base::Executor caller = co_await boost::asio::this_coro::executor;
  Lane& lane = lane_for(caller, home);
  Batch sent = entering(visibility, access == Access::read);
  sent.append(std::move(batch));
  auto task = run_on_pool(state_, lane.reads, operation, std::move(sent));
  auto answer = co_await run_on(state_->tasks, lane.executor, state_, std::move(task));
  co_return answer;
}

base::Task<Answer> Database::write_apart(std::string_view operation, Batch batch) {
  Batch sent = entering(visibility(std::nullopt, timeouts().statement), false);
  sent.append(std::move(batch));
  auto task = run_on_pool(state_, state_->apart, operation, std::move(sent));
  co_return co_await run_on(state_->tasks, state_->lanes.front().executor, state_, std::move(task));
}

/// The batch is one implicit transaction: nothing is left open when a statement of it fails, so that those behind it
/// on the same connection are not harmed.
base::Task<Answer> Database::run_on_pool(StatePointer state, std::shared_ptr<Pool> pool, std::string_view operation,
                                         Batch batch) {
  const auto start = std::chrono::steady_clock::now();
  Answer answer;
  std::exception_ptr failure;
  try {
    const auto lease = co_await pool->acquire();
    answer = co_await lease.connection().run(std::move(batch));
  } catch (...) {
    failure = std::current_exception();
  }
  observe(*state, operation, start, failure != nullptr);
  if (failure) std::rethrow_exception(failure);
  answer.erase(answer.begin());
  co_return answer;
}

Transaction Database::begin(State& state, Lease lease, Visibility visibility) {
  return {std::move(lease), std::move(visibility), state.clock, state.order};
}

void Database::observe(State& state, std::string_view operation, std::chrono::steady_clock::time_point start,
                       bool failed) {
  state.observer.query(operation, std::chrono::steady_clock::now() - start, failed);
}

Visibility Database::visibility(std::optional<UserScope> scope, std::chrono::milliseconds statement_timeout) const {
  return {.scope = std::move(scope),
          .statement_timeout = statement_timeout,
          .lock_timeout = timeouts().lock,
          .idle_timeout = timeouts().idle};
}

const ServerTimeouts& Database::timeouts() const { return state_->timeouts; }

base::TaskGroup& Database::tasks() { return state_->tasks; }

Lane& Database::lane_for(const base::Executor& caller, const base::UserId& user) {
  auto& lanes = state_->lanes;
  const auto found =
      std::ranges::find(lanes, &caller.context(), [](const Lane& lane) { return &lane.executor.context(); });
  return found == lanes.end() ? lanes[state_->cores.home_of(user) % lanes.size()] : *found;
}

}  // namespace codelab::infra::postgres
