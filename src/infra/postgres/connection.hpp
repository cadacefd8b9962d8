#pragma once

#include <chrono>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "base/task.hpp"
#include "infra/postgres/address.hpp"
#include "infra/postgres/batch.hpp"
#include "infra/postgres/rows.hpp"

namespace codelab::infra::postgres {

struct ConnectionSettings {
  std::chrono::milliseconds connect_timeout{5'000};
  /// A server that owes an answer and says nothing for so long is taken for gone. Longer than any statement may take;
  /// not for batches that bring a deadline of their own.
  std::chrono::milliseconds answer_timeout{30'000};
  /// Named prepared statements, one of each on each connection. Off for a pooler that gives each transaction another
  /// server connection and does not know them (PgBouncer before 1.21 in transaction mode).
  bool prepared_statements = true;
};

/// One connection to a server, in libpq's pipeline mode: batches are sent as they come and answered in their order.
/// Everything, its end included, happens on the thread of the executor that it was opened on.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  using SteadyTime = std::chrono::steady_clock::time_point;

  /// Opens one on the awaiting executor, which must be run by one thread. Throws base::StoreError.
  static base::Task<std::shared_ptr<Connection>> open(Address address, ConnectionSettings settings);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// Sends the batch at once and waits for its answers. Throws QueryError when a statement failed, base::StoreError
  /// when the connection broke: then it is not known what the server did. A cancellation does not interrupt it. When
  /// the server has lost what was prepared for it, or has something else under its name, the connection breaks too.
  base::Task<Answer> run(Batch batch) { return run_until(std::nullopt, std::move(batch)); }
  /// The same; when not all of the answer is there by then, the line is cut, whatever else it carries.
  base::Task<Answer> run(Batch batch, SteadyTime deadline) { return run_until(deadline, std::move(batch)); }

  /// False for good once the line is cut or closed.
  bool usable() const;
  /// Called once, when it breaks by itself, after the batches in flight were told.
  void on_broken(std::function<void()> listener) { listener_ = std::move(listener); }
  /// Fails what is in flight and cuts the line. It is not usable afterwards.
  void close();

 private:
  struct Line;
  struct Flight;
  using Done = std::move_only_function<void(std::exception_ptr, Answer)>;
  using FlightPointer = std::unique_ptr<Flight>;
  enum class Preparation : std::uint8_t { sent, done };
  struct Prepared {
    std::string name;
    Preparation state;
    const Flight* by;
  };

  Connection(std::unique_ptr<Line> line, ConnectionSettings settings);

  base::Task<Answer> run_until(std::optional<SteadyTime> deadline, Batch batch);
  void submit(const Batch& batch, std::optional<SteadyTime> deadline, Done done);
  void send(const Batch::Statement& statement, Flight& flight);
  /// The name under which `statement` may be run in that flight, null when it cannot be prepared there.
  const char* prepare(const Batch::Statement& statement, Flight& flight);
  void flush();
  void watch_reads();
  void watch_writes();
  void readable();
  void take_results();
  /// One result of the flight in front, null at the end of one statement's.
  void take(struct pg_result* result);
  void land();
  /// When the line is to be cut if nothing is heard until then.
  SteadyTime patience_ends() const;
  void watch_time();
  /// The line is of no use any more: tells the flights, then the listener.
  void broken(const std::string& reason);
  void fail_flights(const std::string& reason);
  static void finish(const base::Executor& executor, FlightPointer flight, std::exception_ptr failure);

  std::unique_ptr<Line> line_;
  const ConnectionSettings settings_;
  std::deque<FlightPointer> flights_;
  std::unordered_map<const char*, Prepared> prepared_;
  std::function<void()> listener_;
  SteadyTime last_sign_;
  /// When the timer looks next.
  std::optional<SteadyTime> watched_until_;
  std::size_t names_ = 0;
  bool watching_writes_ = false;
};

}  // namespace codelab::infra::postgres
