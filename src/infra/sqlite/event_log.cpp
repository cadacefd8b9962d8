#include "infra/sqlite/event_log.hpp"

#include "infra/sqlite/rows.hpp"

namespace codelab::infra::sqlite {
namespace {

constexpr Sql kEventsAfter =
    "SELECT user_id, stream_id, seq, type, task_id, agent, payload, at FROM events "
    "WHERE user_id = ? AND stream_id = ? AND seq > ? ORDER BY seq LIMIT ?";

constexpr Sql kLastSeq = "SELECT last_seq FROM event_streams WHERE user_id = ? AND id = ?";

core::events::Event read_event(const Rows& rows) {
  core::events::Event event;
  std::string type;
  rows.read(event.user, event.stream, event.seq, type, event.body.task, event.body.agent, event.body.payload, event.at);
  event.body.set_type(type);
  return event;
}

}  // namespace

base::Task<std::vector<core::events::Event>> SqliteEventLog::read(core::identity::UserScope scope,
                                                                  core::events::StreamId stream, std::int64_t after_seq,
                                                                  std::int64_t limit) {
  return database_.readers().run("events.read", [=](Connection& sql) {
    std::vector<core::events::Event> events;
    std::size_t bytes = 0;
    auto rows = sql.query(kEventsAfter, scope.user(), stream, after_seq, limit);
    while (bytes < kMaxReadBytes && rows.next()) bytes += events.emplace_back(read_event(rows)).body.payload.size();
    return events;
  });
}

base::Task<std::int64_t> SqliteEventLog::last_seq(core::identity::UserScope scope, core::events::StreamId stream) {
  return database_.readers().run("events.last_seq", [=](Connection& sql) {
    return value_of<std::int64_t>(sql.query(kLastSeq, scope.user(), stream));
  });
}

base::Task<bool> SqliteEventLog::append(core::identity::UserScope scope, core::events::NewEvent event) {
  return database_.writer().run("events.append", [scope, event = std::move(event)](Transaction& tx) {
    return tx.append_own(scope.user(), event);
  });
}

}  // namespace codelab::infra::sqlite
