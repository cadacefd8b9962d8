#include "infra/sqlite/transaction.hpp"

#include <optional>

namespace codelab::infra::sqlite {
namespace {

constexpr Sql kAdvanceStream =
    "UPDATE event_streams SET last_seq = last_seq + ?3 WHERE user_id = ?1 AND id = ?2 RETURNING last_seq";

constexpr Sql kInsertEvent =
    "INSERT INTO events (user_id, stream_id, seq, type, task_id, agent, payload, at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)";

std::optional<std::int64_t> advance(Connection& sql, const base::UserId& user, const core::events::StreamId& stream,
                                    std::int64_t count) {
  auto rows = sql.query(kAdvanceStream, user, stream, count);
  if (!rows.next()) return std::nullopt;
  std::int64_t last = 0;
  rows.read(last);
  rows.next();
  return last;
}

}  // namespace

bool Transaction::append(const base::UserId& user, const core::events::StreamId& stream,
                         std::vector<core::events::NewEvent> events) {
  const auto last = advance(connection_, user, stream, static_cast<std::int64_t>(events.size()));
  if (!last) return false;
  std::int64_t seq = *last - static_cast<std::int64_t>(events.size());
  const auto at = clock_.now();
  for (auto& event : events) {
    connection_.execute(kInsertEvent, user, stream, ++seq, event.type, event.task, event.agent, event.payload, at);
    events_.push_back({.user = user, .stream = stream, .seq = seq, .body = std::move(event), .at = at});
  }
  return true;
}

bool Transaction::append_own(const base::UserId& user, core::events::NewEvent event) {
  std::vector<core::events::NewEvent> events;
  events.push_back(std::move(event));
  return append(user, core::events::own_stream(user), std::move(events));
}

}  // namespace codelab::infra::sqlite
