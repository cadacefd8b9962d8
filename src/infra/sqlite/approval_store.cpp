#include "infra/sqlite/approval_store.hpp"

#include <boost/json/serialize.hpp>

#include "infra/sqlite/keyset.hpp"
#include "infra/sqlite/rows.hpp"
#include "infra/sqlite/step_rows.hpp"

namespace codelab::infra::sqlite {
namespace {

using core::approvals::Approval;
using core::approvals::ApprovalId;
using core::approvals::ApprovalStatus;
using core::approvals::Resolution;
using core::chat::Task;
using core::events::NewEvent;
using core::events::stream_of;
using core::identity::UserScope;

constexpr Sql kInsert =
    "INSERT INTO approval_requests (user_id, id, session_id, task_id, type, payload, status, created_at, expires_at) "
    "VALUES (?, ?, ?, ?, ?, ?, 'pending', ?, ?) ON CONFLICT DO NOTHING";
/// It waits, and nobody runs it.
constexpr Sql kPark = "UPDATE tasks SET status = 'queued', runner = ?3 WHERE user_id = ?1 AND id = ?2";
/// Of user ?1 at moment ?2, as they stand then.
#define CODELAB_APPROVALS                                                                                   \
  "SELECT a.id, a.session_id, a.task_id, a.type, a.payload, CASE WHEN a.status <> 'pending' THEN a.status " \
  "WHEN t.status NOT IN ('queued', 'running') AND t.completed_at < a.expires_at THEN 'cancelled' "          \
  "WHEN a.expires_at <= ?2 THEN 'expired' ELSE 'pending' END AS now_status, a.created_at, a.expires_at, "   \
  "a.resolved_at, a.decision FROM approval_requests a JOIN tasks t ON t.user_id = a.user_id "               \
  "AND t.id = a.task_id WHERE a.user_id = ?1 "
constexpr Sql kFind = CODELAB_APPROVALS "AND a.id = ?3";
constexpr Sql kBefore = "SELECT * FROM (" CODELAB_APPROVALS
                        "AND a.id < ?3) WHERE (?4 IS NULL OR now_status = ?4) ORDER BY id DESC LIMIT ?5";
constexpr Sql kCount = "SELECT count(*) FROM (" CODELAB_APPROVALS ") WHERE (?3 IS NULL OR now_status = ?3)";
#undef CODELAB_APPROVALS
constexpr Sql kResolve =
    "UPDATE approval_requests SET status = ?1, resolved_at = ?2, decision = ?3 WHERE user_id = ?4 AND id = ?5 "
    "AND status = 'pending' AND expires_at > ?2 AND EXISTS (SELECT 1 FROM tasks t WHERE t.user_id = ?4 AND t.id = ?6 "
    "AND t.status IN ('queued', 'running'))";

Approval read_approval(const Rows& rows) {
  Approval approval;
  rows.read(approval.id, approval.session_id, approval.task_id, approval.type, approval.payload, approval.status,
            approval.created_at, approval.expires_at, approval.resolved_at, approval.reason);
  return approval;
}

}  // namespace

base::Task<bool> SqliteApprovalStore::request(UserScope scope, Task task, Approval approval,
                                              std::vector<NewEvent> events) {
  return database_.writer().run(
      "approval.request", [runner = database_.runner(), scope, task = std::move(task), approval = std::move(approval),
                           events = std::move(events)](Transaction& tx) {
        if (!is_run_here(tx.sql(), runner, scope, task, Progress::made)) return false;
        const auto inserted =
            tx.sql().execute(kInsert, scope.user(), approval.id, task.session_id, task.id, approval.type,
                             boost::json::serialize(approval.payload), approval.created_at, approval.expires_at);
        if (inserted == 1) tx.append(scope.user(), stream_of(task.session_id), events);
        tx.sql().execute(kPark, scope.user(), task.id, core::chat::kNobody);
        return true;
      });
}

base::Task<std::optional<Approval>> SqliteApprovalStore::find(UserScope scope, ApprovalId id, base::Timestamp now) {
  return database_.readers().run("approval.find", [=](Connection& sql) {
    return first_of(sql.query(kFind, scope.user(), now, id), read_approval);
  });
}

base::Task<core::Page<Approval>> SqliteApprovalStore::list(UserScope scope, std::optional<ApprovalStatus> status,
                                                           core::PageRequest page, base::Timestamp now) {
  return database_.readers().run("approval.list", [=](Connection& sql) {
    const ReadTransaction reading(sql);
    const auto start = position_or(page.cursor, highest<ApprovalId>());
    auto items =
        all_of(sql.query(kBefore, scope.user(), now, start, status, rows_to_ask_for(page.limit)), read_approval);
    return make_page(std::move(items), page.limit,
                     value_of<std::int64_t>(sql.query(kCount, scope.user(), now, status)));
  });
}

base::Task<bool> SqliteApprovalStore::resolve(UserScope scope, Approval approval, Resolution resolution,
                                              std::vector<NewEvent> events) {
  return database_.writer().run(
      "approval.resolve", [scope, approval = std::move(approval), resolution = std::move(resolution),
                           events = std::move(events)](Transaction& tx) {
        const auto resolved = tx.sql().execute(kResolve, resolution.status, resolution.resolved_at, resolution.reason,
                                               scope.user(), approval.id, approval.task_id);
        if (resolved != 1) return false;
        tx.append(scope.user(), stream_of(approval.session_id), events);
        return true;
      });
}

}  // namespace codelab::infra::sqlite
