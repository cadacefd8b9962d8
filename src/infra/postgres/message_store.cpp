#include "infra/postgres/message_store.hpp"

#include <algorithm>

#include "infra/postgres/keyset.hpp"
#include "infra/postgres/message_rows.hpp"

namespace codelab::infra::postgres {
namespace {

using core::chat::Message;
using core::chat::MessageRange;
using core::identity::UserScope;
using MessagePage = core::Page<Message>;

constexpr Sql kMessageCount =
    "SELECT message_count FROM event_streams WHERE user_id = $1 AND id = $2 AND id <> user_id";
/// Ids bound a page by where their messages stand, or would stand by their ids if they are not there. The server counts
/// the bytes, so that it sends no more than a page holds: messages up to $6 bytes together, but one at least. The last
/// column tells whether more of them follow in this session.
constexpr Sql kFirstMessages =
    "SELECT id, session_id, role, content, agent_id, agent_name, task_id, model, prompt_tokens, completion_tokens, "
    "cost_usd, created_at, "
    "EXISTS (SELECT FROM messages n WHERE n.user_id = $1 AND n.session_id = $2 AND n.position > m.position) "
    "FROM (SELECT *, row_number() OVER (ORDER BY position) AS place, "
    "sum(octet_length(content)) OVER (ORDER BY position) AS bytes "
    "FROM messages WHERE user_id = $1 AND session_id = $2 AND position > coalesce((SELECT a.position FROM messages a "
    "WHERE a.user_id = $1 AND a.session_id = $2 AND a.id <= $3 ORDER BY a.id DESC LIMIT 1), 0) "
    "AND position < coalesce((SELECT b.position FROM messages b "
    "WHERE b.user_id = $1 AND b.session_id = $2 AND b.id >= $4 ORDER BY b.id LIMIT 1), 9223372036854775807) "
    "ORDER BY position LIMIT $5) AS m WHERE place = 1 OR bytes <= $6 ORDER BY position";
constexpr Sql kLastMessages =
    "SELECT id, session_id, role, content, agent_id, agent_name, task_id, model, prompt_tokens, completion_tokens, "
    "cost_usd, created_at FROM (SELECT *, row_number() OVER (ORDER BY position DESC) AS place, "
    "sum(octet_length(content)) OVER (ORDER BY position DESC) AS bytes "
    "FROM messages WHERE user_id = $1 AND session_id = $2 AND position > coalesce((SELECT a.position FROM messages a "
    "WHERE a.user_id = $1 AND a.session_id = $2 AND a.id <= $3 ORDER BY a.id DESC LIMIT 1), 0) "
    "AND position < coalesce((SELECT b.position FROM messages b "
    "WHERE b.user_id = $1 AND b.session_id = $2 AND b.id >= $4 ORDER BY b.id LIMIT 1), 9223372036854775807) "
    "ORDER BY position DESC LIMIT $5) AS m WHERE place = 1 OR bytes <= $6 ORDER BY position";
/// Ends with the message that reaches $5 bytes.
constexpr Sql kHistory =
    "SELECT id, session_id, role, content, agent_id, agent_name, task_id, model, prompt_tokens, completion_tokens, "
    "cost_usd, created_at FROM (SELECT *, "
    "sum(octet_length(content)) OVER (ORDER BY position DESC) - octet_length(content) AS bytes_after "
    "FROM messages WHERE user_id = $1 AND session_id = $2 AND position < coalesce((SELECT b.position FROM messages b "
    "WHERE b.user_id = $1 AND b.session_id = $2 AND b.id >= $3 ORDER BY b.id LIMIT 1), 9223372036854775807) "
    "ORDER BY position DESC LIMIT $4) AS m WHERE bytes_after < $5 ORDER BY position";

MessagePage read_page(Rows rows, std::int64_t total, bool backwards) {
  MessagePage page{.items = {}, .total = total};
  bool more = false;
  while (rows.next()) {
    page.items.push_back(read_message(rows));
    constexpr int kMoreColumn = 12;
    if (!backwards) rows.read_at(kMoreColumn, more);
  }
  // A page that was asked for backwards is followed by asking for what stands before its first message.
  if (more) page.next_cursor = page.items.back().id.str();
  return page;
}

}  // namespace

base::Task<base::Result<MessagePage>> PostgresMessageStore::list(UserScope scope, base::SessionId session,
                                                                 MessageRange range) {
  const auto after = range.after.value_or(lowest<base::MessageId>());
  const auto before = range.before.value_or(highest<base::MessageId>());
  const bool backwards = range.before.has_value();
  Batch batch;
  batch.add(kMessageCount, scope.user(), session);
  batch.add(backwards ? kLastMessages : kFirstMessages, scope.user(), session, after, before, range.limit,
            static_cast<std::int64_t>(kMaxPageBytes));
  auto answer = co_await database_.read("message.list", scope, std::move(batch));
  const auto total = value_of<std::int64_t>(std::move(answer.at(0)), -1);
  if (total < 0) co_return base::make_error(base::ErrorCode::session_not_found, "no such session");
  co_return read_page(std::move(answer.at(1)), total, backwards);
}

base::Task<std::vector<Message>> PostgresMessageStore::history(UserScope scope, base::SessionId session,
                                                               base::MessageId before, std::int64_t limit) {
  Batch batch;
  batch.add(kHistory, scope.user(), session, before, limit, static_cast<std::int64_t>(kMaxHistoryBytes));
  auto answer = co_await database_.read("message.history", scope, std::move(batch));
  co_return all_of(std::move(answer.at(0)), read_message);
}

}  // namespace codelab::infra::postgres
