#include "infra/postgres/approval_store.hpp"

#include <boost/json/serialize.hpp>

#include "infra/postgres/keyset.hpp"
#include "infra/postgres/step_rows.hpp"

namespace codelab::infra::postgres {
namespace {

using core::approvals::Approval;
using core::approvals::ApprovalId;
using core::approvals::ApprovalStatus;
using core::approvals::Resolution;
using core::chat::RunnerId;
using core::chat::Task;
using core::events::NewEvent;
using core::events::stream_of;
using core::identity::UserScope;

constexpr Sql kInsert =
    "INSERT INTO approval_requests (user_id, id, session_id, task_id, type, payload, status, created_at, expires_at) "
    "VALUES ($1, $2, $3, $4, $5, $6::json, 'pending', $7, $8) ON CONFLICT DO NOTHING";
/// It waits, and nobody runs it.
constexpr Sql kPark = "UPDATE tasks SET status = 'queued', runner = $3 WHERE user_id = $1 AND id = $2";
/// Of user $1 at moment $2, as they stand then.
#define CODELAB_APPROVALS                                                                                   \
  "SELECT a.id, a.session_id, a.task_id, a.type, a.payload, CASE WHEN a.status <> 'pending' THEN a.status " \
  "WHEN t.status NOT IN ('queued', 'running') AND t.completed_at < a.expires_at THEN 'cancelled' "          \
  "WHEN a.expires_at <= $2 THEN 'expired' ELSE 'pending' END AS now_status, a.created_at, a.expires_at, "   \
  "a.resolved_at, a.decision FROM approval_requests a JOIN tasks t ON t.user_id = a.user_id "               \
  "AND t.id = a.task_id WHERE a.user_id = $1 "
constexpr Sql kFind = CODELAB_APPROVALS "AND t.user_id = $1 AND a.id = $3";
constexpr Sql kBefore = "SELECT * FROM (" CODELAB_APPROVALS
                        "AND t.user_id = $1 AND a.id < $3) AS known WHERE ($4 IS NULL OR now_status = $4) "
                        "ORDER BY id DESC LIMIT $5";
constexpr Sql kCount =
    "SELECT count(*) FROM (" CODELAB_APPROVALS "AND t.user_id = $1) AS known WHERE ($3 IS NULL OR now_status = $3)";
#undef CODELAB_APPROVALS
constexpr Sql kResolve =
    "UPDATE approval_requests SET status = $1, resolved_at = $2, decision = $3 WHERE user_id = $4 AND id = $5 "
    "AND status = 'pending' AND expires_at > $2 AND EXISTS (SELECT 1 FROM tasks t WHERE t.user_id = $4 AND t.id = $6 "
    "AND t.status IN ('queued', 'running'))";

Approval read_approval(const Rows& rows) {
  Approval approval;
  rows.read(approval.id, approval.session_id, approval.task_id, approval.type, approval.payload, approval.status,
            approval.created_at, approval.expires_at, approval.resolved_at, approval.reason);
  return approval;
}

/// The stream's lock comes first, as in every transaction.
base::Task<bool> request_approval(Transaction& tx, RunnerId runner, UserScope scope, Task task, Approval approval,
                                  std::vector<NewEvent> events) {
  const auto stream = stream_of(task.session_id);
  tx.advance(stream, 0);
  is_run_here(tx, runner, scope, task, Progress::made);
  tx.add(kInsert, scope.user(), approval.id, task.session_id, task.id, approval.type,
         boost::json::serialize(approval.payload), approval.created_at, approval.expires_at);
  tx.add(kPark, scope.user(), task.id, core::chat::kNobody);
  auto answer = co_await tx.run();
  if (answer.at(1).affected() != 1) co_return false;
  // One that was there already is not told again.
  if (answer.at(2).affected() == 1) {
    tx.advance(stream, events.size());
    auto advanced = co_await tx.run();
    tx.append(std::move(advanced.at(0)), std::move(events));
  }
  co_await tx.commit();
  co_return true;
}

base::Task<bool> resolve_approval(Transaction& tx, UserScope scope, Approval approval, Resolution resolution,
                                  std::vector<NewEvent> events) {
  tx.advance(stream_of(approval.session_id), events.size());
  tx.add(kResolve, resolution.status, resolution.resolved_at, resolution.reason, scope.user(), approval.id,
         approval.task_id);
  auto answer = co_await tx.run();
  if (answer.at(1).affected() != 1) co_return false;
  tx.append(std::move(answer.at(0)), std::move(events));
  co_await tx.commit();
  co_return true;
}

}  // namespace

base::Task<bool> PostgresApprovalStore::request(UserScope scope, Task task, Approval approval,
                                                std::vector<NewEvent> events) {
  return database_.write("approval.request", scope, request_approval, database_.runner(), scope, std::move(task),
                         std::move(approval), std::move(events));
}

base::Task<std::optional<Approval>> PostgresApprovalStore::find(UserScope scope, ApprovalId id, base::Timestamp now) {
  Batch batch;
  batch.add(kFind, scope.user(), now, id);
  auto answer = co_await database_.read("approval.find", scope, std::move(batch));
  co_return first_of(std::move(answer.at(0)), read_approval);
}

base::Task<core::Page<Approval>> PostgresApprovalStore::list(UserScope scope, std::optional<ApprovalStatus> status,
                                                             core::PageRequest page, base::Timestamp now) {
  const auto start = position_or(page.cursor, highest<ApprovalId>());
  Batch batch;
  batch.add(kBefore, scope.user(), now, start, status, rows_to_ask_for(page.limit))
      .add(kCount, scope.user(), now, status);
  auto answer = co_await database_.read("approval.list", scope, std::move(batch));
  auto items = all_of(std::move(answer.at(0)), read_approval);
  co_return make_page(std::move(items), page.limit, value_of<std::int64_t>(std::move(answer.at(1))));
}

base::Task<bool> PostgresApprovalStore::resolve(UserScope scope, Approval approval, Resolution resolution,
                                                std::vector<NewEvent> events) {
  return database_.write("approval.resolve", scope, resolve_approval, scope, std::move(approval), std::move(resolution),
                         std::move(events));
}

}  // namespace codelab::infra::postgres
