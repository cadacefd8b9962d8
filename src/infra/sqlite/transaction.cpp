#include "infra/sqlite/transaction.hpp"

#include "infra/sqlite/rows.hpp"

namespace codelab::infra::sqlite {
namespace {

constexpr Sql kAdvanceStream =
    "UPDATE event_streams SET last_seq = last_seq + ?3 WHERE user_id = ?1 AND id = ?2 RETURNING last_seq";

/// The user's own stream is no session.
constexpr Sql kAdvanceWithMessage =
    "UPDATE event_streams SET last_seq = last_seq + ?3, message_count = message_count + 1, "
    "updated_at = max(updated_at, ?4) "
    "WHERE user_id = ?1 AND id = ?2 AND id <> user_id RETURNING last_seq, message_count";

constexpr Sql kInsertEvent =
    "INSERT INTO events (user_id, stream_id, seq, type, task_id, agent, payload, at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)";

}  // namespace

bool Transaction::append(const base::UserId& user, const core::events::StreamId& stream,
                         std::vector<core::events::NewEvent> events) {
  const auto count = static_cast<std::int64_t>(events.size());
  const auto last_seq = value_of<std::int64_t>(connection_.query(kAdvanceStream, user, stream, count), -1);
  if (last_seq < 0) return false;
  insert(user, stream, last_seq, std::move(events));
  return true;
}

std::optional<std::int64_t> Transaction::append_with_message(const base::UserId& user, const base::SessionId& session,
                                                             base::Timestamp message_at,
                                                             std::vector<core::events::NewEvent> events) {
  std::int64_t last_seq = 0;
  std::int64_t message_count = 0;
  const auto count = static_cast<std::int64_t>(events.size());
  {
    auto rows = connection_.query(kAdvanceWithMessage, user, session, count, message_at);
    if (!rows.next()) return std::nullopt;
    rows.read(last_seq, message_count);
  }
  insert(user, core::events::stream_of(session), last_seq, std::move(events));
  return message_count;
}

void Transaction::insert(const base::UserId& user, const core::events::StreamId& stream, std::int64_t last_seq,
                         std::vector<core::events::NewEvent> events) {
  std::int64_t seq = last_seq - static_cast<std::int64_t>(events.size());
  const auto at = clock_.now();
  for (auto& event : events) {
    connection_.execute(kInsertEvent, user, stream, ++seq, event.type, event.task, event.agent, event.payload, at);
    events_.push_back({.user = user, .stream = stream, .seq = seq, .body = std::move(event), .at = at});
  }
}

bool Transaction::append_own(const base::UserId& user, core::events::NewEvent event) {
  std::vector<core::events::NewEvent> events;
  events.push_back(std::move(event));
  return append(user, core::events::own_stream(user), std::move(events));
}

}  // namespace codelab::infra::sqlite
