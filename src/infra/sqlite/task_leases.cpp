#include "infra/sqlite/task_leases.hpp"

#include <algorithm>
#include <iterator>

#include "infra/sqlite/message_rows.hpp"
#include "infra/sqlite/rows.hpp"
#include "infra/sqlite/task_rows.hpp"

namespace codelab::infra::sqlite {
namespace {

using core::chat::RunnerId;
using core::chat::TakenTask;
using core::chat::TakeOverRule;

constexpr Sql kUnfinished =
    "SELECT id, session_id, agent_id, agent_name, status, error_code, error_detail, request_message_id, message_id, "
    "created_at, started_at, completed_at, kind, parent_id, user_id, attempt, stalled FROM tasks t "
    "WHERE status IN ('queued', 'running') AND parent_id IS NULL AND (runner <> ?1 OR created_at < ?2) "
    "AND NOT EXISTS (SELECT 1 FROM approval_requests a WHERE a.user_id = t.user_id AND a.task_id = t.id "
    "AND a.status = 'pending' AND a.expires_at > ?3) ORDER BY user_id, id";
constexpr Sql kRequest =
    "SELECT id, session_id, role, content, agent_id, agent_name, task_id, model, prompt_tokens, completion_tokens, "
    "cost_usd, created_at FROM messages WHERE user_id = ? AND session_id = ? AND id = ?";
constexpr Sql kTake = "UPDATE tasks SET runner = ?, attempt = ?, stalled = ? WHERE user_id = ? AND id = ?";

TakenTask read_unfinished(const Rows& rows) {
  constexpr int kUserColumn = 14;
  base::UserId user;
  std::int64_t attempt = 0;
  std::int64_t stalled = 0;
  rows.read_at(kUserColumn, user);
  rows.read_at(kUserColumn + 1, attempt);
  rows.read_at(kUserColumn + 2, stalled);
  auto task = read_task(rows);
  const bool ran = task.status == core::chat::TaskStatus::running;
  return {.scope = core::identity::ScopeIssuer::open(user),
          .task = std::move(task),
          .attempt = attempt + (ran ? 1 : 0),
          .stalled = stalled + (ran ? 1 : 0),
          .request = {}};
}

std::vector<TakenTask> lost(Connection& sql, const RunnerId& runner, const TakeOverRule& rule) {
  std::vector<TakenTask> tasks;
  for (TakenTask& each : all_of(sql.query(kUnfinished, runner, rule.begun_before, rule.now), read_unfinished)) {
    if (std::ssize(tasks) == rule.limit) break;
    const bool known = std::ranges::find(rule.running, each.task.id) != rule.running.end();
    if (!known) tasks.push_back(std::move(each));
  }
  return tasks;
}

std::vector<TakenTask> take(Connection& sql, const RunnerId& runner, const TakeOverRule& rule) {
  auto taken = lost(sql, runner, rule);
  for (TakenTask& each : taken) {
    const auto& user = each.scope.user();
    auto request =
        first_of(sql.query(kRequest, user, each.task.session_id, each.task.request_message_id), read_message);
    each.request = std::move(request.value());
    sql.execute(kTake, runner, each.attempt, each.stalled, user, each.task.id);
  }
  return taken;
}

}  // namespace

base::Task<> SqliteTaskLeases::renew(std::chrono::milliseconds) { co_return; }

base::Task<std::vector<TakenTask>> SqliteTaskLeases::take_over(TakeOverRule rule) {
  // Mostly there is nothing: then the writer is left alone.
  const auto& runner = database_.runner();
  const bool any = co_await database_.readers().run(
      "task.lost", [runner, rule](Connection& sql) { return !lost(sql, runner, rule).empty(); });
  if (!any) co_return std::vector<TakenTask>{};
  co_return co_await database_.writer().run("task.take_over",
                                            [runner, rule](Transaction& tx) { return take(tx.sql(), runner, rule); });
}

base::Task<> SqliteTaskLeases::release() { co_return; }

}  // namespace codelab::infra::sqlite
