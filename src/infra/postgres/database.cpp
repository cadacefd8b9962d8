#include "infra/postgres/database.hpp"

#include <algorithm>

#include <boost/asio/this_coro.hpp>

#include "base/log.hpp"
#include "infra/postgres/database_state.hpp"
#include "infra/postgres/migrations.hpp"

namespace codelab::infra::postgres {
namespace {

constexpr std::chrono::seconds kDrain{5};

std::vector<std::string> names_of(const std::vector<ShardAddress>& servers) {
  std::vector<std::string> names;
  names.reserve(servers.size());
  for (const auto& each : servers) names.push_back(each.name);
  return names;
}

}  // namespace

Database::State::State(const DatabaseSettings& settings, base::Cores& running_cores, const base::Clock& now,
                       core::events::EventRelay& relay, StoreObserver& told)
    : timeouts(settings.timeouts),
      max_wait(settings.pool.max_wait),
      cores(running_cores),
      clock(now),
      observer(told),
      order(relay),
      places(names_of(settings.servers())) {
  for (auto& each : settings.servers()) {
    const bool may_be_away = each.name != kMainShard;
    servers.push_back(std::make_unique<Server>(std::move(each), settings, cores, clock, openers, may_be_away));
  }
}

Visibility Database::State::visibility(std::optional<UserScope> scope,
                                       std::chrono::milliseconds statement_timeout) const {
  return {.scope = scope,
          .statement_timeout = statement_timeout,
          .lock_timeout = timeouts.lock,
          .idle_timeout = timeouts.idle,
          .trip_timeout = statement_timeout + timeouts.grace};
}

Database::Database(const DatabaseSettings& settings, base::Cores& cores, const base::Clock& clock,
                   core::events::EventRelay& relay, StoreObserver& observer)
    : state_(std::make_shared<State>(settings, cores, clock, relay, observer)) {
  require_all_in_use(Address(settings.address), state_->places.names());
}

Database::~Database() { close(); }

/// What still runs when the time is over keeps the state that it needs.
void Database::close() {
  if (std::exchange(closed_, true)) return;
  const bool running = !state_->cores.context(0).stopped();
  if (running && !state_->tasks.drain(kDrain)) {
    base::log::warning("store_closed_while_busy", {{"store", "postgres"}});
  }
  state_->tasks.cancel();
  state_->openers.cancel();
  for (const auto& server : state_->servers) server->close(running, kDrain);
}

std::size_t Database::shards() const { return state_->servers.size(); }

Placement& Database::places() { return state_->places; }
const Placement& Database::places() const { return state_->places; }

bool Database::available(std::size_t shard) const { return state_->servers[shard]->available(); }

base::Task<Answer> Database::read(std::string_view operation, UserScope scope, Batch batch) {
  const base::Executor caller = co_await boost::asio::this_coro::executor;
  const std::size_t lane = lane_for(caller, scope.user());
  auto task = read_at_home(state_, lane, operation, visibility(scope, timeouts().statement), std::move(batch));
  auto answer = co_await run_on(state_->tasks, executor_of(lane), state_, std::move(task));
  co_return answer;
}

base::Task<Answer> Database::read_as_operator(std::string_view operation, Batch batch, std::size_t shard) {
  return ask_as_operator(operation, Connections::reads, shard, std::move(batch));
}

base::Task<Answer> Database::write_as_operator(std::string_view operation, Batch batch, std::size_t shard) {
  return ask_as_operator(operation, Connections::transactions, shard, std::move(batch));
}

base::Task<Answer> Database::ask_as_operator(std::string_view operation, Connections connections, std::size_t shard,
                                             Batch batch) {
  const base::Executor caller = co_await boost::asio::this_coro::executor;
  const std::size_t lane = lane_for(caller, {});
  auto task = run_as_operator(state_, shard, lane, connections, operation, std::move(batch));
  auto answer = co_await run_on(state_->tasks, executor_of(lane), state_, std::move(task));
  co_return answer;
}

base::Task<Answer> Database::write_apart(std::string_view operation, Batch batch, std::size_t shard) {
  auto task = run_as_operator(state_, shard, 0, Connections::apart, operation, std::move(batch));
  auto answer = co_await run_on(state_->tasks, executor_of(0), state_, std::move(task));
  co_return answer;
}

base::Task<Answer> Database::run_as_operator(StatePointer state, std::size_t shard, std::size_t lane,
                                             Connections connections, std::string_view operation, Batch batch) {
  const std::size_t wanted = batch.statements().size();
  const bool read_only = connections == Connections::reads;
  Batch sent = entering(state->visibility(std::nullopt, state->timeouts.statement), read_only);
  sent.append(std::move(batch));
  std::exception_ptr failure;
  Answer answer;
  try {
    const Server& server = *state->servers[shard];
    const Lane& own = server.lane(lane);
    auto pool = read_only ? own.reads : connections == Connections::apart ? server.apart() : own.transactions;
    answer = co_await run_batch(*state, std::move(pool), operation, std::move(sent), wanted);
  } catch (...) {
    failure = std::current_exception();
  }
  state->servers[shard]->note(failure == nullptr);
  if (failure) std::rethrow_exception(failure);
  co_return answer;
}

/// Nothing is left open when a statement of the batch fails, so that those behind it on the same connection are not
/// harmed. What stands behind others there has no more time than what stands in front.
base::Task<Answer> Database::run_batch(State& state, std::shared_ptr<Pool> pool, std::string_view operation,
                                       Batch batch, std::size_t wanted) {
  const auto start = std::chrono::steady_clock::now();
  Answer answer;
  std::exception_ptr failure;
  try {
    const auto lease = co_await pool->acquire();
    const auto deadline = std::chrono::steady_clock::now() + state.timeouts.statement + state.timeouts.grace;
    answer = co_await lease.connection().run(std::move(batch), deadline);
  } catch (...) {
    failure = std::current_exception();
  }
  observe(state, operation, start, failure != nullptr);
  if (failure) std::rethrow_exception(failure);
  answer.erase(answer.begin(), answer.end() - static_cast<std::ptrdiff_t>(wanted));
  co_return answer;
}

void Database::observe(State& state, std::string_view operation, std::chrono::steady_clock::time_point start,
                       bool failed) {
  state.observer.query(operation, std::chrono::steady_clock::now() - start, failed);
}

Visibility Database::visibility(std::optional<UserScope> scope, std::chrono::milliseconds statement_timeout) const {
  return state_->visibility(scope, statement_timeout);
}

const ServerTimeouts& Database::timeouts() const { return state_->timeouts; }

base::TaskGroup& Database::tasks() { return state_->tasks; }

std::size_t Database::lane_for(const base::Executor& caller, const base::UserId& user) const {
  const Server& any = *state_->servers.front();
  for (std::size_t lane = 0; lane < any.lanes(); ++lane) {
    if (&any.executor(lane).context() == &caller.context()) return lane;
  }
  return state_->cores.home_of(user) % any.lanes();
}

base::Executor Database::executor_of(std::size_t lane) const { return state_->servers.front()->executor(lane); }

}  // namespace codelab::infra::postgres
