#include "infra/postgres/session_store.hpp"

#include <fmt/format.h>

#include "base/describe/encode.hpp"
#include "base/store_error.hpp"
#include "infra/postgres/keyset.hpp"

/// A transaction that needs the user's own stream and a session's takes them in this order: two that took them
/// crosswise would wait for each other.
namespace codelab::infra::postgres {
namespace {

using core::chat::Session;
using core::events::EventType;
using core::events::own_stream;
using core::identity::UserScope;

constexpr Sql kInsertStream = "INSERT INTO event_streams (user_id, id, updated_at) VALUES ($1, $2, $3)";
constexpr Sql kInsertSession = "INSERT INTO chat_sessions (user_id, id, title, created_at) VALUES ($1, $2, $3, $4)";
constexpr Sql kSessionsBefore =
    "SELECT s.id, s.title, s.created_at, e.updated_at, e.message_count FROM chat_sessions s "
    "JOIN event_streams e ON e.user_id = s.user_id AND e.id = s.id "
    "WHERE s.user_id = $1 AND s.id < $2 ORDER BY s.id DESC LIMIT $3";
constexpr Sql kCountSessions = "SELECT count(*) FROM chat_sessions WHERE user_id = $1";
constexpr Sql kSessionById =
    "SELECT s.id, s.title, s.created_at, e.updated_at, e.message_count FROM chat_sessions s "
    "JOIN event_streams e ON e.user_id = s.user_id AND e.id = s.id WHERE s.user_id = $1 AND s.id = $2";
constexpr Sql kSessionToErase =
    "SELECT s.id, s.title, s.created_at, e.updated_at, e.message_count FROM chat_sessions s "
    "JOIN event_streams e ON e.user_id = s.user_id AND e.id = s.id WHERE s.user_id = $1 AND s.id = $2 FOR UPDATE OF e";
constexpr Sql kTouchStream =
    "UPDATE event_streams SET updated_at = $1 WHERE user_id = $2 AND id = $3 AND id <> user_id";
constexpr Sql kRenameSession = "UPDATE chat_sessions SET title = $1 WHERE user_id = $2 AND id = $3";
/// The session, its messages, tasks and events go with it.
constexpr Sql kDeleteStream = "DELETE FROM event_streams WHERE user_id = $1 AND id = $2 AND id <> user_id";

Session read_session(const Rows& rows) {
  Session session;
  rows.read(session.id, session.title, session.created_at, session.updated_at, session.message_count);
  return session;
}

std::vector<core::events::NewEvent> told(EventType type, const Session& session) {
  std::vector<core::events::NewEvent> events;
  events.push_back({.type = type, .payload = fmt::format(R"({{"session":{}}})", base::encode(session))});
  return events;
}

base::Task<Session> create_session(Transaction& tx, UserScope scope, Session session) {
  tx.advance(own_stream(scope.user()), 1)
      .add(kInsertStream, scope.user(), session.id, session.updated_at)
      .add(kInsertSession, scope.user(), session.id, session.title, session.created_at);
  auto answer = co_await tx.run();
  if (!tx.append(std::move(answer.at(0)), told(EventType::session_created, session))) {
    throw base::StoreError("postgres: the user has no stream");
  }
  co_await tx.commit();
  co_return session;
}

base::Task<base::Result<Session>> rename_session(Transaction& tx, UserScope scope, base::SessionId id,
                                                 std::string title, base::Timestamp now) {
  tx.advance(own_stream(scope.user()), 1)
      .add(kTouchStream, now, scope.user(), id)
      .add(kRenameSession, title, scope.user(), id)
      .add(kSessionById, scope.user(), id);
  auto answer = co_await tx.run();
  auto session = first_of(std::move(answer.at(3)), read_session);
  if (!session) co_return base::make_error(base::ErrorCode::session_not_found, "no such session");
  tx.append(std::move(answer.at(0)), told(EventType::session_updated, *session));
  co_await tx.commit();
  co_return std::move(*session);
}

base::Task<bool> erase_session(Transaction& tx, UserScope scope, base::SessionId id) {
  tx.advance(own_stream(scope.user()), 1).add(kSessionToErase, scope.user(), id).add(kDeleteStream, scope.user(), id);
  auto answer = co_await tx.run();
  const auto session = first_of(std::move(answer.at(1)), read_session);
  if (!session || answer.at(2).affected() == 0) co_return false;
  tx.append(std::move(answer.at(0)), told(EventType::session_deleted, *session));
  co_await tx.commit();
  co_return true;
}

}  // namespace

base::Task<Session> PostgresSessionStore::create(UserScope scope, Session session) {
  return database_.write("session.create", scope, create_session, scope, std::move(session));
}

base::Task<core::Page<Session>> PostgresSessionStore::list(UserScope scope, core::PageRequest page) {
  const auto start = position_or(page.cursor, highest<base::SessionId>());
  Batch batch;
  batch.add(kSessionsBefore, scope.user(), start, rows_to_ask_for(page.limit)).add(kCountSessions, scope.user());
  auto answer = co_await database_.read("session.list", scope, std::move(batch));
  auto sessions = all_of(std::move(answer.at(0)), read_session);
  co_return make_page(std::move(sessions), page.limit, value_of<std::int64_t>(std::move(answer.at(1))));
}

base::Task<std::optional<Session>> PostgresSessionStore::find(UserScope scope, base::SessionId session) {
  Batch batch;
  batch.add(kSessionById, scope.user(), session);
  auto answer = co_await database_.read("session.find", scope, std::move(batch));
  co_return first_of(std::move(answer.at(0)), read_session);
}

base::Task<base::Result<Session>> PostgresSessionStore::rename(UserScope scope, base::SessionId session,
                                                               std::string title, base::Timestamp now) {
  return database_.write("session.rename", scope, rename_session, scope, session, std::move(title), now);
}

base::Task<bool> PostgresSessionStore::erase(UserScope scope, base::SessionId session, base::Timestamp) {
  return database_.erase("session.erase", scope, erase_session, scope, session);
}

}  // namespace codelab::infra::postgres
