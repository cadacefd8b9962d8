#include "infra/postgres/idempotency.hpp"

#include "infra/postgres/task_rows.hpp"

namespace codelab::infra::postgres {
namespace {

using core::chat::BegunCall;
using core::chat::IdempotencyKey;
using core::identity::UserScope;

constexpr std::chrono::hours kKeepKeys{24};

constexpr Sql kLockKey = "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))";
constexpr Sql kKey =
    "SELECT t.id, t.session_id, t.agent_id, t.agent_name, t.status, t.error_code, t.error_detail, "
    "t.request_message_id, t.message_id, t.created_at, t.started_at, t.completed_at, t.kind, t.parent_id, "
    "k.request_hash, e.message_count "
    "FROM idempotency_keys k LEFT JOIN tasks t ON t.user_id = k.user_id AND t.id = k.task_id "
    "LEFT JOIN event_streams e ON e.user_id = t.user_id AND e.id = t.session_id "
    "WHERE k.user_id = $1 AND k.key = $2 AND k.created_at > $3";
constexpr int kHashColumn = 14;
constexpr int kCountColumn = 15;
constexpr Sql kDropOldKeys = "DELETE FROM idempotency_keys WHERE user_id = $1 AND created_at <= $2";
/// A key that is a day old, or whose task is gone with its session, is free again.
constexpr Sql kKeepKey =
    "INSERT INTO idempotency_keys (user_id, key, request_hash, task_id, created_at) VALUES ($1, $2, $3, $4, $5) "
    "ON CONFLICT (user_id, key) DO UPDATE SET request_hash = excluded.request_hash, task_id = excluded.task_id, "
    "created_at = excluded.created_at";

}  // namespace

void lock_key(Transaction& tx, const UserScope& scope, const IdempotencyKey& key) {
  tx.add(kLockKey, scope.prefix() + key.key);
}

void find_earlier_call(Batch& batch, const UserScope& scope, const IdempotencyKey& key, base::Timestamp now) {
  batch.add(kKey, scope.user(), key.key, now - kKeepKeys);
}

base::Result<std::optional<BegunCall>> read_earlier_call(Rows found, const IdempotencyKey& key) {
  if (!found.next()) return std::nullopt;
  std::string request_hash;
  found.read_at(kHashColumn, request_hash);
  if (request_hash != key.request_hash) {
    return base::make_error(base::ErrorCode::idempotency_key_reused,
                            "this Idempotency-Key was used with another request");
  }
  std::optional<base::TaskId> task;
  found.read(task);
  if (!task) return std::nullopt;
  BegunCall call{.task = read_task(found), .replayed = true};
  found.read_at(kCountColumn, call.message_count);
  return call;
}

void keep_key(Transaction& tx, const UserScope& scope, const IdempotencyKey& key, const core::chat::Task& task) {
  tx.add(kDropOldKeys, scope.user(), task.created_at - kKeepKeys);
  tx.add(kKeepKey, scope.user(), key.key, key.request_hash, task.id, task.created_at);
}

}  // namespace codelab::infra::postgres
