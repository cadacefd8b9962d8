#pragma once

#include <chrono>
#include <cstddef>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <boost/asio/this_coro.hpp>

#include "base/clock.hpp"
#include "base/cores.hpp"
#include "base/task.hpp"
#include "core/chat/values.hpp"
#include "core/events/ports.hpp"
#include "core/identity/user_scope.hpp"
#include "infra/postgres/database_settings.hpp"
#include "infra/postgres/lane.hpp"
#include "infra/postgres/observer.hpp"
#include "infra/postgres/placement.hpp"
#include "infra/postgres/transaction.hpp"

namespace codelab::infra::postgres {

/// The PostgreSQL servers that users are spread over (mostly one), migrated, and the connections of this process to
/// them. Thread-safe. Callers may be on any executor; the work is done on the cores. Ends before the cores do, and is
/// best closed before they are stopped.
class Database {
 public:
  using UserScope = core::identity::UserScope;

  /// Migrates and checks the roles, on this thread; connections to serve with are made when they are needed. Throws
  /// base::StoreError with words for an operator. A shard other than `main` that nobody answers at is left for later.
  /// The references must outlive it.
  Database(const DatabaseSettings& settings, base::Cores& cores, const base::Clock& clock,
           core::events::EventRelay& relay, StoreObserver& observer);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  /// Waits up to 5 seconds for what still runs, then cuts the lines; later calls throw base::StoreError. Once; not on
  /// a core's thread.
  void close();

  /// Runs a batch of reads as this user, in one round trip. The statements see one after the other what was committed
  /// when each began. Throws base::StoreError. With several shards: in the user's, asked once more while the user is
  /// being moved.
  base::Task<Answer> read(std::string_view operation, UserScope scope, Batch batch);
  /// The same in that shard for the few functions for operators, which work on every user there.
  base::Task<Answer> read_as_operator(std::string_view operation, Batch batch, std::size_t shard = 0);
  /// The same for one that writes, on a connection for transactions: it may wait for rows that others hold.
  base::Task<Answer> write_as_operator(std::string_view operation, Batch batch, std::size_t shard = 0);
  /// The same on a connection that is for nothing else: it waits for no other work of this process.
  base::Task<Answer> write_apart(std::string_view operation, Batch batch, std::size_t shard = 0);

  /// This process, as the one that runs tasks of this database.
  const core::chat::RunnerId& runner() const { return runner_; }

  /// Shards go by number, `main` is 0.
  std::size_t shards() const;
  Placement& places();
  const Placement& places() const;
  /// Whether the shard did what it was last asked for by an operator's function, which is every few seconds.
  bool available(std::size_t shard) const;

  /// Runs `work(transaction, arguments...)`, a coroutine function, as this user. What it did not commit is undone.
  /// Throws base::StoreError; nothing is ever tried twice. With several shards a round trip more, which finds out
  /// whether the user is there before `work` begins.
  template <class Value, class... Parameters, class... Arguments>
  base::Task<Value> write(std::string_view operation, UserScope scope,
                          base::Task<Value> (*work)(Transaction&, Parameters...), Arguments... arguments) {
    return write_within(timeouts().statement, std::nullopt, operation, std::move(scope), work, std::move(arguments)...);
  }
  /// The same for what may take long: erasing something with all that belongs to it.
  template <class Value, class... Parameters, class... Arguments>
  base::Task<Value> erase(std::string_view operation, UserScope scope,
                          base::Task<Value> (*work)(Transaction&, Parameters...), Arguments... arguments) {
    return write_within(timeouts().erasure, std::nullopt, operation, std::move(scope), work, std::move(arguments)...);
  }
  /// The same in that shard, wherever the user lives: for making users, and for what is left of them.
  template <class Value, class... Parameters, class... Arguments>
  base::Task<Value> write_at(std::size_t shard, std::string_view operation, UserScope scope,
                             base::Task<Value> (*work)(Transaction&, Parameters...), Arguments... arguments) {
    return write_within(timeouts().erasure, shard, operation, std::move(scope), work, std::move(arguments)...);
  }

 private:
  struct State;
  using StatePointer = std::shared_ptr<State>;

  /// How a transaction of a user begins.
  struct Entrance {
    std::size_t lane;
    Visibility visibility;
    /// Where; the user's own when it is not given.
    std::optional<std::size_t> shard;
  };

  template <class Value, class... Parameters, class... Arguments>
  base::Task<Value> write_within(std::chrono::milliseconds timeout, std::optional<std::size_t> shard,
                                 std::string_view operation, UserScope scope,
                                 base::Task<Value> (*work)(Transaction&, Parameters...), Arguments... arguments) {
    const base::Executor caller = co_await boost::asio::this_coro::executor;
    Entrance entrance{.lane = lane_for(caller, scope.user()), .visibility = visibility(scope, timeout), .shard = shard};
    const base::Executor executor = executor_of(entrance.lane);
    auto task = in_transaction(state_, std::move(entrance), operation, work, std::move(arguments)...);
    auto value = co_await run_on(tasks(), executor, state_, std::move(task));
    co_return value;
  }

  template <class Value, class... Parameters, class... Arguments>
  static base::Task<Value> in_transaction(StatePointer state, Entrance entrance, std::string_view operation,
                                          base::Task<Value> (*work)(Transaction&, Parameters...),
                                          Arguments... arguments) {
    const auto start = std::chrono::steady_clock::now();
    std::optional<Value> value;
    std::exception_ptr failure;
    try {
      Transaction transaction = co_await begin(*state, entrance);
      try {
        auto result = co_await work(transaction, std::move(arguments)...);
        value.emplace(std::move(result));
      } catch (...) {
        failure = std::current_exception();
      }
      co_await transaction.rollback();
    } catch (...) {
      failure = std::current_exception();
    }
    observe(*state, operation, start, failure != nullptr);
    if (failure) std::rethrow_exception(failure);
    co_return std::move(*value);
  }

  // On a lane's executor, which `state` outlives.
  static base::Task<Transaction> begin(State& state, Entrance entrance);
  static base::Task<Transaction> begin_at_home(State& state, Entrance entrance);
  static base::Task<Answer> read_at_home(StatePointer state, std::size_t lane, std::string_view operation,
                                         Visibility visibility, Batch batch);
  /// Where the user lives; asks the directory for those who are not known here.
  static base::Task<std::size_t> home_of(State& state, std::size_t lane, base::UserId user);
  /// The user was not at `tried`: returns when another attempt makes sense, throws base::StoreError past `deadline`.
  static base::Task<> follow(State& state, std::size_t lane, base::UserId user, std::size_t tried,
                             std::chrono::steady_clock::time_point deadline);
  /// One round trip and one implicit transaction. The answers of the last `wanted` statements.
  static base::Task<Answer> run_batch(State& state, std::shared_ptr<Pool> pool, std::string_view operation, Batch batch,
                                      std::size_t wanted);
  enum class Connections : std::uint8_t { reads, transactions, apart };
  static base::Task<Answer> run_as_operator(StatePointer state, std::size_t shard, std::size_t lane,
                                            Connections connections, std::string_view operation, Batch batch);

  base::Task<Answer> ask_as_operator(std::string_view operation, Connections connections, std::size_t shard,
                                     Batch batch);
  static void observe(State& state, std::string_view operation, std::chrono::steady_clock::time_point start,
                      bool failed);
  Visibility visibility(std::optional<UserScope> scope, std::chrono::milliseconds statement_timeout) const;
  const ServerTimeouts& timeouts() const;
  base::TaskGroup& tasks();
  /// The caller's own where it has one, else the user's.
  std::size_t lane_for(const base::Executor& caller, const base::UserId& user) const;
  base::Executor executor_of(std::size_t lane) const;

  const core::chat::RunnerId runner_ = core::chat::RunnerId::generate();
  StatePointer state_;
  bool closed_ = false;
};

}  // namespace codelab::infra::postgres
