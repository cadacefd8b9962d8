#include "infra/postgres/connection.hpp"

#include <algorithm>
#include <utility>

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>

#include "base/store_error.hpp"
#include "infra/postgres/handshake.hpp"
#include "infra/postgres/libpq.hpp"
#include "infra/postgres/query_error.hpp"

namespace codelab::infra::postgres {

namespace asio = boost::asio;
using Descriptor = asio::posix::stream_descriptor;
using SteadyClock = std::chrono::steady_clock;

/// libpq's connection and what watches its socket, which stays libpq's.
struct Connection::Line {
  Line(const base::Executor& executor, OwnedConnection connection)
      : pg(std::move(connection)), socket(executor, PQsocket(pg.get())), timer(executor) {}
  ~Line() { cut(); }
  Line(const Line&) = delete;
  Line& operator=(const Line&) = delete;

  void cut() {
    if (!pg) return;
    timer.cancel();
    socket.release();
    pg.reset();
  }

  OwnedConnection pg;
  Descriptor socket;
  asio::steady_timer timer;
};

/// A batch on its way: what was sent for it, and what has come back.
struct Connection::Flight {
  /// A statement that was sent: `preparing` it, or running it.
  struct Step {
    const char* sql;
    bool preparing;
  };

  Done done;
  std::optional<SteadyTime> deadline;
  std::vector<Step> steps;
  std::size_t at = 0;
  /// The step has given a result, so the next null ends it.
  bool answering = false;
  Answer answer;
  std::exception_ptr failure;
  /// The line is to be cut after it.
  bool last = false;
};

base::Task<std::shared_ptr<Connection>> Connection::open(Address address, ConnectionSettings settings) {
  const base::Executor executor = co_await asio::this_coro::executor;
  auto pg = co_await connect(std::move(address), settings.connect_timeout);
  const std::shared_ptr<Connection> opened(new Connection(std::make_unique<Line>(executor, std::move(pg)), settings));
  opened->watch_reads();
  co_return opened;
}

Connection::Connection(std::unique_ptr<Line> line, ConnectionSettings settings)
    : line_(std::move(line)), settings_(settings) {}

Connection::~Connection() = default;

base::Task<Answer> Connection::run_until(std::optional<SteadyTime> deadline, Batch batch) {
  auto initiate = [this, deadline](auto handler, const Batch& sent) {
    submit(sent, deadline, [handler = std::move(handler)](std::exception_ptr failure, Answer answer) mutable {
      std::move(handler)(std::move(failure), std::move(answer));
    });
  };
  auto answer = co_await asio::async_initiate<const asio::use_awaitable_t<>, void(std::exception_ptr, Answer)>(
      std::move(initiate), asio::use_awaitable, std::move(batch));
  co_return std::move(answer);
}

bool Connection::usable() const { return line_->pg != nullptr; }

void Connection::close() {
  line_->cut();
  fail_flights("it was closed");
}

void Connection::submit(const Batch& batch, std::optional<SteadyTime> deadline, Done done) {
  auto flight = std::make_unique<Flight>();
  flight->done = std::move(done);
  flight->deadline = deadline;
  if (flights_.empty()) last_sign_ = SteadyClock::now();
  auto& sent = *flights_.emplace_back(std::move(flight));
  if (!usable()) return fail_flights("it was closed");
  for (const auto& statement : batch.statements()) send(statement, sent);
  if (usable() && PQpipelineSync(line_->pg.get()) == 0) broken(reason_of(line_->pg.get()));
  if (!usable()) return;
  flush();
  watch_time();
}

void Connection::send(const Batch::Statement& statement, Flight& flight) {
  if (!usable()) return;
  std::vector<Oid> types;
  std::vector<const char*> values;
  std::vector<int> lengths;
  for (const auto& value : statement.parameters.values()) {
    types.push_back(value.type);
    values.push_back(statement.parameters.data_of(value));
    lengths.push_back(static_cast<int>(value.size));
  }
  const std::vector<int> formats(values.size(), 1);
  const auto count = static_cast<int>(values.size());
  auto* pg = line_->pg.get();
  const char* name = prepare(statement, flight);
  if (!usable()) return;
  flight.steps.push_back({statement.sql.text, false});
  const int sent = name != nullptr
                       ? PQsendQueryPrepared(pg, name, count, values.data(), lengths.data(), formats.data(), 1)
                       : PQsendQueryParams(pg, statement.sql.text, count, types.data(), values.data(), lengths.data(),
                                           formats.data(), 1);
  if (sent == 0) broken(reason_of(pg));
}

/// While another flight prepares the statement, it is not known whether that will succeed: this one sends the text.
const char* Connection::prepare(const Batch::Statement& statement, Flight& flight) {
  if (!settings_.prepared_statements) return nullptr;
  const auto known = prepared_.find(statement.sql.text);
  if (known != prepared_.end()) {
    const auto& [name, state, by] = known->second;
    return state == Preparation::done || by == &flight ? name.c_str() : nullptr;
  }
  std::vector<Oid> types;
  for (const auto& value : statement.parameters.values()) types.push_back(value.type);
  auto name = fmt::format("codelab_{}", ++names_);
  if (PQsendPrepare(line_->pg.get(), name.c_str(), statement.sql.text, static_cast<int>(types.size()), types.data()) ==
      0) {
    broken(reason_of(line_->pg.get()));
    return nullptr;
  }
  flight.steps.push_back({statement.sql.text, true});
  const Prepared entry{.name = std::move(name), .state = Preparation::sent, .by = &flight};
  return prepared_.emplace(statement.sql.text, entry).first->second.name.c_str();
}

void Connection::flush() {
  const int left = PQflush(line_->pg.get());
  if (left < 0) return broken(reason_of(line_->pg.get()));
  if (left > 0 && !watching_writes_) watch_writes();
}

void Connection::watch_writes() {
  watching_writes_ = true;
  line_->socket.async_wait(Descriptor::wait_write, [self = shared_from_this()](const auto& failure) {
    self->watching_writes_ = false;
    if (!failure && self->usable()) self->flush();
  });
}

void Connection::watch_reads() {
  line_->socket.async_wait(Descriptor::wait_read, [self = shared_from_this()](const auto& failure) {
    if (!failure && self->usable()) self->readable();
  });
}

void Connection::readable() {
  if (PQconsumeInput(line_->pg.get()) == 0) return broken(reason_of(line_->pg.get()));
  last_sign_ = SteadyClock::now();
  take_results();
  if (!usable()) return;
  flush();
  if (usable()) watch_reads();
}

/// Between two flights libpq may give one null that belongs to no statement; two mean that nothing is there yet.
void Connection::take_results() {
  int nulls = 0;
  while (usable() && !flights_.empty() && nulls < 2 && PQisBusy(line_->pg.get()) == 0) {
    pg_result* result = PQgetResult(line_->pg.get());
    nulls = result == nullptr ? nulls + 1 : 0;
    take(result);
  }
  if (usable() && PQstatus(line_->pg.get()) == CONNECTION_BAD) broken(reason_of(line_->pg.get()));
}

void Connection::take(pg_result* result) {
  auto& flight = *flights_.front();
  if (result == nullptr) {
    if (std::exchange(flight.answering, false)) ++flight.at;
    return;
  }
  Rows rows(result);
  const auto status = PQresultStatus(result);
  if (status == PGRES_PIPELINE_SYNC) return land();
  if (PQstatus(line_->pg.get()) == CONNECTION_BAD || flight.at >= flight.steps.size()) {
    return broken(reason_of(line_->pg.get()));
  }
  flight.answering = true;
  const auto& step = flight.steps[flight.at];
  const bool fine = status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK;
  if (fine && !step.preparing) flight.answer.push_back(std::move(rows));
  if (!fine && !flight.failure) {
    auto error = query_error(result, step.sql);
    flight.last = error.knows_other_statements();
    flight.failure = std::make_exception_ptr(std::move(error));
  }
  if (!step.preparing) return;
  if (fine) {
    prepared_.at(step.sql).state = Preparation::done;
  } else {
    prepared_.erase(step.sql);
  }
}

void Connection::land() {
  auto flight = std::move(flights_.front());
  flights_.pop_front();
  auto failure = flight->failure;
  const bool last = flight->last;
  finish(line_->socket.get_executor(), std::move(flight), std::move(failure));
  if (last) broken("the server does not know what was prepared for it");
}

Connection::SteadyTime Connection::patience_ends() const {
  auto earliest = SteadyTime::max();
  for (const auto& flight : flights_) {
    earliest = std::min(earliest, flight->deadline.value_or(last_sign_ + settings_.answer_timeout));
  }
  return earliest;
}

/// The timer is set anew only for what is due before it looks anyway.
void Connection::watch_time() {
  if (!usable() || flights_.empty()) return;
  const auto until = patience_ends();
  if (watched_until_ && *watched_until_ <= until) return;
  watched_until_ = until;
  line_->timer.expires_at(until);
  line_->timer.async_wait([self = shared_from_this()](const auto& cancelled) {
    if (cancelled) return;
    self->watched_until_.reset();
    if (!self->flights_.empty() && self->patience_ends() <= SteadyClock::now()) self->broken("no answer in time");
    self->watch_time();
  });
}

void Connection::broken(const std::string& reason) {
  if (!usable()) return;
  line_->cut();
  fail_flights(reason);
  if (auto listener = std::exchange(listener_, nullptr)) listener();
}

void Connection::fail_flights(const std::string& reason) {
  const auto failure = std::make_exception_ptr(base::StoreError(
      fmt::format("postgres: the connection broke before the answer, what the server did is unknown: {}", reason)));
  for (auto& flight : std::exchange(flights_, {})) finish(line_->socket.get_executor(), std::move(flight), failure);
}

void Connection::finish(const base::Executor& executor, FlightPointer flight, std::exception_ptr failure) {
  if (failure) flight->answer.clear();
  asio::post(executor, [flight = std::move(flight), failure = std::move(failure)]() mutable {
    flight->done(std::move(failure), std::move(flight->answer));
  });
}

}  // namespace codelab::infra::postgres
