#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "core/events/event.hpp"
#include "core/identity/user_scope.hpp"
#include "infra/postgres/batch.hpp"
#include "infra/postgres/pool.hpp"
#include "infra/postgres/relay_order.hpp"

namespace codelab::infra::postgres {

/// How long the server lets things take, set in every transaction: a session's settings would not outlive a pooler.
struct ServerTimeouts {
  /// Of one statement.
  std::chrono::milliseconds statement{10'000};
  /// Of the wait for a row that another transaction holds.
  std::chrono::milliseconds lock{5'000};
  /// Of a transaction whose client says nothing.
  std::chrono::milliseconds idle{15'000};
  /// Of one statement that erases a user, an agent or a session with all that belongs to it.
  std::chrono::milliseconds erasure{120'000};
  /// How much longer than one of its statements may take a whole trip may take. The server ends a statement first, the
  /// lines are cut later.
  std::chrono::milliseconds grace{5'000};
};

/// Whom a transaction works for: the server lets it see that user's rows and no others, whatever its SQL says. Without
/// a scope it may only call the functions for operators (docs/postgres.md).
struct Visibility {
  std::optional<core::identity::UserScope> scope;
  std::chrono::milliseconds statement_timeout;
  std::chrono::milliseconds lock_timeout;
  std::chrono::milliseconds idle_timeout;
  /// Of a trip to the server and back, kept on this side: then it is not known what the server did.
  std::chrono::milliseconds trip_timeout;
};

/// The first statement of every transaction: takes the serving role and the user for as long as it lasts.
Batch entering(const Visibility& visibility, bool read_only);

/// One database transaction for writing, on a connection that is leased for it. Statements are queued with add() and
/// go to the server together with run() or commit(); the first trip begins the transaction too. Used on the lease's
/// executor. A transaction that ends neither way is undone by rollback().
class Transaction {
 public:
  Transaction(Lease lease, Visibility visibility, const base::Clock& clock, RelayOrder& order);

  template <class... Values>
  Transaction& add(Sql sql, const Values&... values) {
    queued_.add(sql, values...);
    return *this;
  }
  Transaction& add(Batch statements) {
    queued_.append(std::move(statements));
    return *this;
  }
  /// The next statement: takes `count` places at the end of the stream, and with them the stream's lock, which every
  /// writer to it needs until its transaction ends. Its rows are for append().
  Transaction& advance(const core::events::StreamId& stream, std::size_t count);
  /// The same for a session that gets a message: counts it too.
  Transaction& advance_with_message(const base::SessionId& session, base::Timestamp message_at, std::size_t count);

  /// Sends what is queued; its answers, in order. Throws base::StoreError: only rollback() is left then.
  base::Task<Answer> run();
  /// Queues the events for the places that `advanced` gave; they are relayed once they are committed. Returns how many
  /// messages the stream has; nullopt, and nothing is queued, when this user has no such stream.
  std::optional<std::int64_t> append(Rows advanced, std::vector<core::events::NewEvent> events);
  /// Sends what is queued and ends the transaction. When it returns all is durable and the events were relayed. Throws
  /// base::StoreError; if the line was cut it is not known whether the commit took place.
  base::Task<> commit();
  /// Undoes everything, if it was not committed. Never throws: a connection that cannot is closed.
  base::Task<> rollback();

 private:
  enum class State : std::uint8_t { fresh, open, ended };

  base::Task<Answer> send(Batch batch);

  Lease lease_;
  const Visibility visibility_;
  const base::Clock& clock_;
  RelayOrder& order_;
  Batch queued_;
  core::events::StreamId stream_;
  std::vector<core::events::Event> events_;
  RelayOrder::Place place_;
  State state_ = State::fresh;
};

}  // namespace codelab::infra::postgres
