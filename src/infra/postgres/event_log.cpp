#include "infra/postgres/event_log.hpp"

namespace codelab::infra::postgres {
namespace {

/// Up to the event with which the payloads reach $5 bytes. The server counts them, so that it sends no more.
constexpr Sql kEventsAfter =
    "SELECT user_id, stream_id, seq, type, task_id, agent, payload, at FROM ("
    "SELECT *, sum(octet_length(payload)) OVER (ORDER BY seq) - octet_length(payload) AS bytes_before "
    "FROM events WHERE user_id = $1 AND stream_id = $2 AND seq > $3 ORDER BY seq LIMIT $4) AS following "
    "WHERE bytes_before < $5 ORDER BY seq";
constexpr Sql kLastSeq = "SELECT last_seq FROM event_streams WHERE user_id = $1 AND id = $2";

core::events::Event read_event(const Rows& rows) {
  core::events::Event event;
  std::string type;
  rows.read(event.user, event.stream, event.seq, type, event.body.task, event.body.agent, event.body.payload, event.at);
  event.body.set_type(type);
  return event;
}

base::Task<bool> append_own(Transaction& tx, core::identity::UserScope scope, core::events::NewEvent event) {
  tx.advance(core::events::own_stream(scope.user()), 1);
  auto answer = co_await tx.run();
  std::vector<core::events::NewEvent> events;
  events.push_back(std::move(event));
  if (!tx.append(std::move(answer.at(0)), std::move(events))) co_return false;
  co_await tx.commit();
  co_return true;
}

}  // namespace

base::Task<std::vector<core::events::Event>> PostgresEventLog::read(core::identity::UserScope scope,
                                                                    core::events::StreamId stream,
                                                                    std::int64_t after_seq, std::int64_t limit) {
  Batch batch;
  batch.add(kEventsAfter, scope.user(), stream, after_seq, limit, static_cast<std::int64_t>(kMaxReadBytes));
  auto answer = co_await database_.read("events.read", scope, std::move(batch));
  co_return all_of(std::move(answer.at(0)), read_event);
}

base::Task<std::int64_t> PostgresEventLog::last_seq(core::identity::UserScope scope, core::events::StreamId stream) {
  Batch batch;
  batch.add(kLastSeq, scope.user(), stream);
  auto answer = co_await database_.read("events.last_seq", scope, std::move(batch));
  co_return value_of<std::int64_t>(std::move(answer.at(0)));
}

base::Task<bool> PostgresEventLog::append(core::identity::UserScope scope, core::events::NewEvent event) {
  return database_.write("events.append", scope, append_own, scope, std::move(event));
}

}  // namespace codelab::infra::postgres
