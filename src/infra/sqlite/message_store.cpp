#include "infra/sqlite/message_store.hpp"

#include <algorithm>
#include <limits>

#include "infra/sqlite/message_rows.hpp"
#include "infra/sqlite/rows.hpp"

namespace codelab::infra::sqlite {
namespace {

using core::chat::Message;
using core::chat::MessageRange;
using core::identity::UserScope;
using MessagePage = core::Page<Message>;

constexpr Sql kMessageCount = "SELECT message_count FROM event_streams WHERE user_id = ? AND id = ? AND id <> user_id";
constexpr Sql kFirstMessages =
    "SELECT id, session_id, role, content, agent_id, agent_name, task_id, model, prompt_tokens, completion_tokens, "
    "cost_usd, created_at FROM messages "
    "WHERE user_id = ? AND session_id = ? AND position > ? AND position < ? ORDER BY position LIMIT ?";
constexpr Sql kLastMessages =
    "SELECT id, session_id, role, content, agent_id, agent_name, task_id, model, prompt_tokens, completion_tokens, "
    "cost_usd, created_at FROM messages "
    "WHERE user_id = ? AND session_id = ? AND position > ? AND position < ? ORDER BY position DESC LIMIT ?";
constexpr Sql kPositionFrom =
    "SELECT position FROM messages WHERE user_id = ? AND session_id = ? AND id >= ? ORDER BY id LIMIT 1";
constexpr Sql kPositionUpTo =
    "SELECT position FROM messages WHERE user_id = ? AND session_id = ? AND id <= ? ORDER BY id DESC LIMIT 1";

constexpr std::int64_t kBeforeAll = 0;
constexpr std::int64_t kAfterAll = std::numeric_limits<std::int64_t>::max();

/// Where `message` stands, or would stand by its id if it is not there.
std::int64_t end_at(Connection& sql, const UserScope& scope, const base::SessionId& session,
                    const base::MessageId& message) {
  return value_of<std::int64_t>(sql.query(kPositionFrom, scope.user(), session, message), kAfterAll);
}
std::int64_t begin_at(Connection& sql, const UserScope& scope, const base::SessionId& session,
                      const base::MessageId& message) {
  return value_of<std::int64_t>(sql.query(kPositionUpTo, scope.user(), session, message), kBeforeAll);
}

/// As many of `rows` as a page may hold.
std::vector<Message> page_of(Rows rows) {
  std::vector<Message> messages;
  std::size_t bytes = 0;
  while (rows.next()) {
    Message message = read_message(rows);
    bytes += message.content.size();
    if (bytes > core::chat::MessageStore::kMaxPageBytes && !messages.empty()) break;
    messages.push_back(std::move(message));
  }
  return messages;
}

std::vector<Message> last_messages(Connection& sql, const UserScope& scope, const base::SessionId& session,
                                   std::int64_t after, std::int64_t before, std::int64_t limit) {
  auto messages = page_of(sql.query(kLastMessages, scope.user(), session, after, before, limit));
  std::ranges::reverse(messages);
  return messages;
}

base::Result<MessagePage> list_messages(Connection& sql, const UserScope& scope, const base::SessionId& session,
                                        const MessageRange& range) {
  const ReadTransaction reading(sql);
  const auto total = value_of<std::int64_t>(sql.query(kMessageCount, scope.user(), session), -1);
  if (total < 0) return base::make_error(base::ErrorCode::session_not_found, "no such session");
  const auto after = range.after ? begin_at(sql, scope, session, *range.after) : kBeforeAll;
  const auto before = range.before ? end_at(sql, scope, session, *range.before) : kAfterAll;
  MessagePage page{.items = {}, .total = total};
  page.items = range.before ? last_messages(sql, scope, session, after, before, range.limit)
                            : page_of(sql.query(kFirstMessages, scope.user(), session, after, before, range.limit));
  // A page that was asked for backwards is followed by asking for what stands before its first message.
  if (page.items.empty() || range.before) return page;
  const auto& last = page.items.back().id;
  if (begin_at(sql, scope, session, last) < total) page.next_cursor = last.str();
  return page;
}

}  // namespace

base::Task<base::Result<MessagePage>> SqliteMessageStore::list(UserScope scope, base::SessionId session,
                                                               MessageRange range) {
  return database_.readers().run("message.list",
                                 [=](Connection& sql) { return list_messages(sql, scope, session, range); });
}

base::Task<std::vector<Message>> SqliteMessageStore::history(UserScope scope, base::SessionId session,
                                                             base::MessageId before, std::int64_t limit) {
  return database_.readers().run("message.history", [=](Connection& sql) {
    std::vector<Message> messages;
    std::size_t bytes = 0;
    const ReadTransaction reading(sql);
    const auto end = end_at(sql, scope, session, before);
    auto rows = sql.query(kLastMessages, scope.user(), session, kBeforeAll, end, limit);
    while (bytes < kMaxHistoryBytes && rows.next()) bytes += messages.emplace_back(read_message(rows)).content.size();
    std::ranges::reverse(messages);
    return messages;
  });
}

}  // namespace codelab::infra::sqlite
