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
/// The server counts the bytes, so that it sends no more than a page holds: messages up to $6 bytes together, but one
/// at least. The last column tells whether more of them follow in this session.
constexpr Sql kFirstMessages =
    "SELECT id, session_id, role, content, agent_id, agent_name, task_id, model, prompt_tokens, completion_tokens, "
    "cost_usd, created_at, EXISTS (SELECT FROM messages n WHERE n.user_id = $1 AND n.session_id = $2 AND n.id > m.id) "
    "FROM (SELECT *, row_number() OVER (ORDER BY id) AS place, sum(octet_length(content)) OVER (ORDER BY id) AS bytes "
    "FROM messages WHERE user_id = $1 AND session_id = $2 AND id > $3 AND id < $4 ORDER BY id LIMIT $5) AS m "
    "WHERE place = 1 OR bytes <= $6 ORDER BY id";
constexpr Sql kLastMessages =
    "SELECT id, session_id, role, content, agent_id, agent_name, task_id, model, prompt_tokens, completion_tokens, "
    "cost_usd, created_at FROM (SELECT *, row_number() OVER (ORDER BY id DESC) AS place, "
    "sum(octet_length(content)) OVER (ORDER BY id DESC) AS bytes "
    "FROM messages WHERE user_id = $1 AND session_id = $2 AND id > $3 AND id < $4 ORDER BY id DESC LIMIT $5) AS m "
    "WHERE place = 1 OR bytes <= $6 ORDER BY id";
/// Ends with the message that reaches $5 bytes.
constexpr Sql kHistory =
    "SELECT id, session_id, role, content, agent_id, agent_name, task_id, model, prompt_tokens, completion_tokens, "
    "cost_usd, created_at FROM (SELECT *, "
    "sum(octet_length(content)) OVER (ORDER BY id DESC) - octet_length(content) AS bytes_after "
    "FROM messages WHERE user_id = $1 AND session_id = $2 AND id < $3 ORDER BY id DESC LIMIT $4) AS m "
    "WHERE bytes_after < $5 ORDER BY id";

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
