#include "infra/postgres/transaction.hpp"

#include <iterator>
#include <utility>

#include <fmt/format.h>

#include "base/log.hpp"
#include "base/store_error.hpp"

namespace codelab::infra::postgres {
namespace {

constexpr std::string_view kServingRole = "codelab_serving";
constexpr std::string_view kOperatorRole = "codelab_operator";

constexpr Sql kBegin = "BEGIN";
constexpr Sql kCommit = "COMMIT";
constexpr Sql kRollback = "ROLLBACK";
constexpr Sql kEnter =
    "SELECT set_config('role', $1, true), set_config('codelab.user_id', $2, true), "
    "set_config('statement_timeout', $3, true), set_config('lock_timeout', $4, true), "
    "set_config('idle_in_transaction_session_timeout', $5, true), set_config('transaction_read_only', $6, true)";

/// Times never go back within a stream, whichever server's clock they come from.
constexpr Sql kAdvance =
    "UPDATE event_streams SET last_seq = last_seq + $3, last_event_at = greatest(last_event_at, $4) "
    "WHERE user_id = $1 AND id = $2 RETURNING last_seq, last_event_at, message_count";
/// The user's own stream is no session.
constexpr Sql kAdvanceWithMessage =
    "UPDATE event_streams SET last_seq = last_seq + $3, last_event_at = greatest(last_event_at, $4), "
    "message_count = message_count + 1, updated_at = greatest(updated_at, $5) "
    "WHERE user_id = $1 AND id = $2 AND id <> user_id RETURNING last_seq, last_event_at, message_count";
constexpr Sql kInsertEvent =
    "INSERT INTO events (user_id, stream_id, seq, type, task_id, agent, payload, at) "
    "VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";

std::string text_of(std::chrono::milliseconds time) { return fmt::format("{}", time.count()); }

}  // namespace

Batch entering(const Visibility& visibility, bool read_only) {
  const auto& scope = visibility.scope;
  Batch batch;
  batch.add(kEnter, scope ? kServingRole : kOperatorRole, scope ? scope->user().str() : std::string(),
            text_of(visibility.statement_timeout), text_of(visibility.lock_timeout), text_of(visibility.idle_timeout),
            read_only ? "on" : "off");
  return batch;
}

Transaction::Transaction(Lease lease, Visibility visibility, const base::Clock& clock, RelayOrder& order)
    : lease_(std::move(lease)), visibility_(visibility), clock_(clock), order_(order) {}

Transaction& Transaction::advance(const core::events::StreamId& stream, std::size_t count) {
  stream_ = stream;
  return add(kAdvance, visibility_.scope->user(), stream, static_cast<std::int64_t>(count), clock_.now());
}

Transaction& Transaction::advance_with_message(const base::SessionId& session, base::Timestamp message_at,
                                               std::size_t count) {
  stream_ = core::events::stream_of(session);
  return add(kAdvanceWithMessage, visibility_.scope->user(), session, static_cast<std::int64_t>(count), clock_.now(),
             message_at);
}

base::Task<Answer> Transaction::send(Batch batch) {
  const auto deadline = std::chrono::steady_clock::now() + visibility_.trip_timeout;
  return lease_.connection().run(std::move(batch), deadline);
}

base::Task<Answer> Transaction::run() {
  Batch sent;
  std::ptrdiff_t preamble = 0;
  if (state_ == State::fresh) {
    sent.add(kBegin).append(entering(visibility_, false));
    preamble = std::ssize(sent.statements());
    state_ = State::open;
  }
  sent.append(std::exchange(queued_, {}));
  auto answer = co_await send(std::move(sent));
  answer.erase(answer.begin(), answer.begin() + preamble);
  co_return answer;
}

std::optional<std::int64_t> Transaction::append(Rows advanced, std::vector<core::events::NewEvent> events) {
  if (!advanced.next()) return std::nullopt;
  std::int64_t last_seq = 0;
  std::int64_t message_count = 0;
  base::Timestamp at;
  advanced.read(last_seq, at, message_count);
  const auto& user = visibility_.scope->user();
  std::int64_t seq = last_seq - std::ssize(events);
  for (auto& event : events) {
    add(kInsertEvent, user, stream_, ++seq, event.type, event.task, event.agent, event.payload, at);
    events_.push_back({.user = user, .stream = stream_, .seq = seq, .body = std::move(event), .at = at});
  }
  // The stream's lock is held: nobody who comes later in the log can be here before.
  place_ = order_.enter(stream_);
  return message_count;
}

base::Task<> Transaction::commit() {
  add(kCommit);
  const auto answer = co_await run();
  state_ = State::ended;
  // The server answers the COMMIT of a transaction that failed before by undoing it, and calls that no error.
  if (answer.back().tag() != "COMMIT") throw base::StoreError("postgres: the transaction was undone");
  co_await order_.relay(std::move(place_), std::move(events_));
}

base::Task<> Transaction::rollback() {
  if (state_ != State::open) co_return;
  state_ = State::ended;
  Batch undo;
  undo.add(kRollback);
  if (!lease_.connection().usable()) co_return;
  try {
    co_await send(std::move(undo));
  } catch (const std::exception& error) {
    base::log::error("store_rollback_failed", {{"reason", error.what()}});
    lease_.discard();
  }
}

}  // namespace codelab::infra::postgres
