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
#include "infra/postgres/lane.hpp"
#include "infra/postgres/observer.hpp"
#include "infra/postgres/transaction.hpp"

namespace codelab::infra::postgres {

struct DatabaseSettings {
  /// Whom the server works as: a login that is a member of codelab_serving and codelab_operator and owns nothing.
  std::string address;
  /// Who owns the tables; used at start only. Empty: `address` migrates too.
  std::string migration_address = {};
  /// Of this process to the server, divided over the cores; a quarter of them carries the reads.
  std::size_t connections = 16;
  /// Reads that share one connection at the same time.
  std::size_t reads_each = 32;
  ConnectionSettings connection = {};
  /// Its numbers of connections and leases are not used.
  PoolLimits pool = {};
  ServerTimeouts timeouts = {};
};

/// A PostgreSQL database, migrated, and the connections of this process to it. Thread-safe. Callers may be on any
/// executor; the work is done on the cores. Ends before the cores do, and is best closed before they are stopped.
class Database {
 public:
  using UserScope = core::identity::UserScope;

  /// Migrates and checks the roles, on this thread; connections to serve with are made when they are needed. Throws
  /// base::StoreError with words for an operator. The references must outlive it.
  Database(const DatabaseSettings& settings, base::Cores& cores, const base::Clock& clock,
           core::events::EventRelay& relay, StoreObserver& observer);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  /// Waits up to 5 seconds for what still runs, then cuts the lines; later calls throw base::StoreError. Once; not on
  /// a core's thread.
  void close();

  /// Runs a batch of reads as this user, in one round trip. The statements see one after the other what was committed
  /// when each began. Throws base::StoreError.
  base::Task<Answer> read(std::string_view operation, UserScope scope, Batch batch);
  /// The same for the few functions for operators, which work on every user.
  base::Task<Answer> read_as_operator(std::string_view operation, Batch batch);
  /// The same for one that writes.
  base::Task<Answer> write_as_operator(std::string_view operation, Batch batch);
  /// The same on a connection that is for nothing else: it waits for no other work of this process.
  base::Task<Answer> write_apart(std::string_view operation, Batch batch);

  /// This process, as the one that runs tasks of this database.
  const core::chat::RunnerId& runner() const { return runner_; }

  /// Runs `work(transaction, arguments...)`, a coroutine function, as this user. What it did not commit is undone.
  /// Throws base::StoreError; nothing is ever tried twice.
  template <class Value, class... Parameters, class... Arguments>
  base::Task<Value> write(std::string_view operation, UserScope scope,
                          base::Task<Value> (*work)(Transaction&, Parameters...), Arguments... arguments) {
    return write_within(timeouts().statement, operation, std::move(scope), work, std::move(arguments)...);
  }
  /// The same for what may take long: erasing something with all that belongs to it.
  template <class Value, class... Parameters, class... Arguments>
  base::Task<Value> erase(std::string_view operation, UserScope scope,
                          base::Task<Value> (*work)(Transaction&, Parameters...), Arguments... arguments) {
    return write_within(timeouts().erasure, operation, std::move(scope), work, std::move(arguments)...);
  }

 private:
  struct State;
  using StatePointer = std::shared_ptr<State>;

  template <class Value, class... Parameters, class... Arguments>
  base::Task<Value> write_within(std::chrono::milliseconds timeout, std::string_view operation, UserScope scope,
                                 base::Task<Value> (*work)(Transaction&, Parameters...), Arguments... arguments) {
    const base::Executor caller = co_await boost::asio::this_coro::executor;
    Lane& lane = lane_for(caller, scope.user());
    auto task = in_transaction(state_, &lane, operation, visibility(scope, timeout), work, std::move(arguments)...);
    auto value = co_await run_on(tasks(), lane.executor, state_, std::move(task));
    co_return value;
  }

  template <class Value, class... Parameters, class... Arguments>
  static base::Task<Value> in_transaction(StatePointer state, Lane* lane, std::string_view operation,
                                          Visibility visibility, base::Task<Value> (*work)(Transaction&, Parameters...),
                                          Arguments... arguments) {
    const auto start = std::chrono::steady_clock::now();
    std::optional<Value> value;
    std::exception_ptr failure;
    try {
      auto lease = co_await lane->transactions->acquire();
      Transaction transaction = begin(*state, std::move(lease), std::move(visibility));
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

  static base::Task<Answer> run_on_pool(StatePointer state, std::shared_ptr<Pool> pool, std::string_view operation,
                                        Batch batch);
  enum class Access : std::uint8_t { read, write };
  /// One round trip and one implicit transaction.
  base::Task<Answer> run_as(std::string_view operation, Visibility visibility, base::UserId home, Batch batch,
                            Access access);
  static Transaction begin(State& state, Lease lease, Visibility visibility);
  static void observe(State& state, std::string_view operation, std::chrono::steady_clock::time_point start,
                      bool failed);
  Visibility visibility(std::optional<UserScope> scope, std::chrono::milliseconds statement_timeout) const;
  const ServerTimeouts& timeouts() const;
  base::TaskGroup& tasks();
  /// The caller's own where it has one, else the user's.
  Lane& lane_for(const base::Executor& caller, const base::UserId& user);

  const core::chat::RunnerId runner_ = core::chat::RunnerId::generate();
  StatePointer state_;
  bool closed_ = false;
};

}  // namespace codelab::infra::postgres
