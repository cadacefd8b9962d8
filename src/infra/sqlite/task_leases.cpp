#include "infra/sqlite/task_leases.hpp"

#include "infra/sqlite/message_rows.hpp"
#include "infra/sqlite/rows.hpp"
#include "infra/sqlite/task_rows.hpp"

namespace codelab::infra::sqlite {
namespace {

using core::chat::RunnerId;
using core::chat::TakenTask;

constexpr Sql kLost =
    "SELECT id, session_id, agent_id, agent_name, status, error_code, error_detail, request_message_id, message_id, "
    "created_at, started_at, completed_at, user_id, attempt FROM tasks "
    "WHERE status IN ('queued', 'running') AND runner <> ? ORDER BY user_id, id LIMIT ?";
constexpr Sql kRequest =
    "SELECT id, session_id, role, content, agent_id, agent_name, task_id, model, prompt_tokens, completion_tokens, "
    "cost_usd, created_at FROM messages WHERE user_id = ? AND session_id = ? AND id = ?";
constexpr Sql kTake = "UPDATE tasks SET runner = ?, attempt = ? WHERE user_id = ? AND id = ?";

TakenTask read_lost(const Rows& rows) {
  constexpr int kUserColumn = 12;
  base::UserId user;
  std::int64_t attempt = 0;
  rows.read_at(kUserColumn, user);
  rows.read_at(kUserColumn + 1, attempt);
  return {
      .scope = core::identity::ScopeIssuer::open(user), .task = read_task(rows), .attempt = attempt + 1, .request = {}};
}

std::vector<TakenTask> take(Connection& sql, const RunnerId& runner, std::int64_t limit) {
  auto taken = all_of(sql.query(kLost, runner, limit), read_lost);
  for (TakenTask& each : taken) {
    const auto& user = each.scope.user();
    auto request =
        first_of(sql.query(kRequest, user, each.task.session_id, each.task.request_message_id), read_message);
    each.request = std::move(request.value());
    sql.execute(kTake, runner, each.attempt, user, each.task.id);
  }
  return taken;
}

}  // namespace

base::Task<> SqliteTaskLeases::renew(std::chrono::milliseconds) { co_return; }

base::Task<std::vector<TakenTask>> SqliteTaskLeases::take_over(std::int64_t limit) {
  // Mostly there is nothing: then the writer is left alone.
  const auto lost = co_await database_.readers().run("task.lost", [runner = database_.runner()](Connection& sql) {
    return sql.query(kLost, runner, std::int64_t{1}).next();
  });
  if (!lost) co_return std::vector<TakenTask>{};
  co_return co_await database_.writer().run("task.take_over", [runner = database_.runner(), limit](Transaction& tx) {
    return take(tx.sql(), runner, limit);
  });
}

base::Task<> SqliteTaskLeases::release() { co_return; }

}  // namespace codelab::infra::sqlite
