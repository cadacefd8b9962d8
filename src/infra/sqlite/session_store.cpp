#include "infra/sqlite/session_store.hpp"

#include <fmt/format.h>

#include "base/describe/encode.hpp"
#include "infra/sqlite/keyset.hpp"
#include "infra/sqlite/rows.hpp"

namespace codelab::infra::sqlite {
namespace {

using core::chat::Session;
using core::events::EventType;
using core::identity::UserScope;

constexpr Sql kInsertStream = "INSERT INTO event_streams (user_id, id, updated_at) VALUES (?, ?, ?)";
constexpr Sql kInsertSession = "INSERT INTO chat_sessions (user_id, id, title, created_at) VALUES (?, ?, ?, ?)";
constexpr Sql kSessionsBefore =
    "SELECT s.id, s.title, s.created_at, e.updated_at, e.message_count FROM chat_sessions s "
    "JOIN event_streams e ON e.user_id = s.user_id AND e.id = s.id "
    "WHERE s.user_id = ? AND s.id < ? ORDER BY s.id DESC LIMIT ?";
constexpr Sql kCountSessions = "SELECT count(*) FROM chat_sessions WHERE user_id = ?";
constexpr Sql kSessionById =
    "SELECT s.id, s.title, s.created_at, e.updated_at, e.message_count FROM chat_sessions s "
    "JOIN event_streams e ON e.user_id = s.user_id AND e.id = s.id WHERE s.user_id = ? AND s.id = ?";
constexpr Sql kRenameSession = "UPDATE chat_sessions SET title = ? WHERE user_id = ? AND id = ?";
constexpr Sql kTouchStream = "UPDATE event_streams SET updated_at = ? WHERE user_id = ? AND id = ?";
/// The session, its messages, tasks and events go with it.
constexpr Sql kDeleteStream = "DELETE FROM event_streams WHERE user_id = ? AND id = ?";

Session read_session(const Rows& rows) {
  Session session;
  rows.read(session.id, session.title, session.created_at, session.updated_at, session.message_count);
  return session;
}

std::optional<Session> session_by_id(Connection& sql, const UserScope& scope, const base::SessionId& id) {
  return first_of(sql.query(kSessionById, scope.user(), id), read_session);
}

core::events::NewEvent about(EventType type, const Session& session) {
  return {.type = type, .payload = fmt::format(R"({{"session":{}}})", base::encode(session))};
}

base::Result<Session> rename_session(Transaction& tx, const UserScope& scope, const base::SessionId& id,
                                     const std::string& title, base::Timestamp now) {
  if (tx.sql().execute(kRenameSession, title, scope.user(), id) == 0) {
    return base::make_error(base::ErrorCode::session_not_found, "no such session");
  }
  tx.sql().execute(kTouchStream, now, scope.user(), id);
  auto session = session_by_id(tx.sql(), scope, id);
  tx.append_own(scope.user(), about(EventType::session_updated, *session));
  return std::move(*session);
}

bool erase_session(Transaction& tx, const UserScope& scope, const base::SessionId& id) {
  const auto session = session_by_id(tx.sql(), scope, id);
  if (!session) return false;
  tx.sql().execute(kDeleteStream, scope.user(), id);
  tx.append_own(scope.user(), about(EventType::session_deleted, *session));
  return true;
}

}  // namespace

base::Task<Session> SqliteSessionStore::create(UserScope scope, Session session) {
  return database_.writer().run("session.create", [scope, session = std::move(session)](Transaction& tx) {
    tx.sql().execute(kInsertStream, scope.user(), session.id, session.updated_at);
    tx.sql().execute(kInsertSession, scope.user(), session.id, session.title, session.created_at);
    tx.append_own(scope.user(), about(EventType::session_created, session));
    return session;
  });
}

base::Task<core::Page<Session>> SqliteSessionStore::list(UserScope scope, core::PageRequest page) {
  return database_.readers().run("session.list", [=](Connection& sql) {
    const ReadTransaction reading(sql);
    const auto start = position_or(page.cursor, highest<base::SessionId>());
    auto sessions = all_of(sql.query(kSessionsBefore, scope.user(), start, rows_to_ask_for(page.limit)), read_session);
    const auto total = value_of<std::int64_t>(sql.query(kCountSessions, scope.user()));
    return make_page(std::move(sessions), page.limit, total);
  });
}

base::Task<std::optional<Session>> SqliteSessionStore::find(UserScope scope, base::SessionId session) {
  return database_.readers().run("session.find", [=](Connection& sql) { return session_by_id(sql, scope, session); });
}

base::Task<base::Result<Session>> SqliteSessionStore::rename(UserScope scope, base::SessionId session,
                                                             std::string title, base::Timestamp now) {
  return database_.writer().run("session.rename", [=, title = std::move(title)](Transaction& tx) {
    return rename_session(tx, scope, session, title, now);
  });
}

base::Task<bool> SqliteSessionStore::erase(UserScope scope, base::SessionId session, base::Timestamp) {
  return database_.writer().run("session.erase", [=](Transaction& tx) { return erase_session(tx, scope, session); });
}

}  // namespace codelab::infra::sqlite
