#include "infra/sqlite/idempotency.hpp"

#include "infra/sqlite/rows.hpp"
#include "infra/sqlite/task_rows.hpp"

namespace codelab::infra::sqlite {
namespace {

using core::chat::BegunCall;
using core::chat::IdempotencyKey;
using core::identity::UserScope;

constexpr std::chrono::hours kKeepKeys{24};

constexpr Sql kDropOldKeys = "DELETE FROM idempotency_keys WHERE user_id = ? AND created_at <= ?";
constexpr Sql kKey =
    "SELECT request_hash, task_id FROM idempotency_keys WHERE user_id = ? AND key = ? AND created_at > ?";
/// A key that is a day old, or whose task is gone with its session, is free again.
constexpr Sql kKeepKey =
    "INSERT OR REPLACE INTO idempotency_keys (user_id, key, request_hash, task_id, created_at) VALUES (?, ?, ?, ?, ?)";
constexpr Sql kMessageCount = "SELECT message_count FROM event_streams WHERE user_id = ? AND id = ?";

struct UsedKey {
  std::string request_hash;
  base::TaskId task;
};

}  // namespace

base::Result<std::optional<BegunCall>> find_earlier_call(Connection& sql, const UserScope& scope,
                                                         const IdempotencyKey& key, base::Timestamp now) {
  const auto used = first_of(sql.query(kKey, scope.user(), key.key, now - kKeepKeys), [](const Rows& rows) {
    UsedKey found;
    rows.read(found.request_hash, found.task);
    return found;
  });
  if (!used) return std::nullopt;
  if (used->request_hash != key.request_hash) {
    return base::make_error(base::ErrorCode::idempotency_key_reused,
                            "this Idempotency-Key was used with another request");
  }
  auto task = task_by_id(sql, scope, used->task);
  if (!task) return std::nullopt;
  const auto count = value_of<std::int64_t>(sql.query(kMessageCount, scope.user(), task->session_id));
  return BegunCall{.task = std::move(*task), .replayed = true, .message_count = count};
}

void keep_key(Connection& sql, const UserScope& scope, const IdempotencyKey& key, const core::chat::Task& task) {
  sql.execute(kDropOldKeys, scope.user(), task.created_at - kKeepKeys);
  sql.execute(kKeepKey, scope.user(), key.key, key.request_hash, task.id, task.created_at);
}

}  // namespace codelab::infra::sqlite
