#include "infra/sqlite/memory_debts.hpp"

#include "infra/sqlite/message_rows.hpp"
#include "infra/sqlite/rows.hpp"
#include "infra/sqlite/task_rows.hpp"

namespace codelab::infra::sqlite {
namespace {

using core::chat::OwedMemory;
using core::chat::SettledMemory;
using core::identity::UserScope;

constexpr Sql kOwe = "UPDATE tasks SET memory_due = ? WHERE user_id = ? AND id = ?";
constexpr Sql kSettle = "UPDATE tasks SET memory_due = NULL WHERE user_id = ? AND id = ?";
constexpr Sql kDue =
    "SELECT id, session_id, agent_id, agent_name, status, error_code, error_detail, request_message_id, message_id, "
    "created_at, started_at, completed_at, kind, parent_id, user_id FROM tasks "
    "WHERE memory_due <= ? AND status = 'completed' ORDER BY memory_due LIMIT ?";
constexpr Sql kMessage =
    "SELECT id, session_id, role, content, agent_id, agent_name, task_id, model, prompt_tokens, completion_tokens, "
    "cost_usd, created_at FROM messages WHERE user_id = ? AND session_id = ? AND id = ?";

OwedMemory read_owed(const Rows& rows) {
  constexpr int kUserColumn = 14;
  base::UserId user;
  rows.read_at(kUserColumn, user);
  return {.scope = core::identity::ScopeIssuer::open(user), .task = read_task(rows), .request = {}, .answer = {}};
}

std::vector<OwedMemory> claim_due(Connection& sql, base::Timestamp now, base::Timestamp again, std::int64_t limit) {
  auto due = all_of(sql.query(kDue, now, limit), read_owed);
  for (OwedMemory& each : due) {
    const auto& user = each.scope.user();
    const auto& task = each.task;
    const auto answer = task.message_id.value();
    each.request = first_of(sql.query(kMessage, user, task.session_id, task.request_message_id), read_message).value();
    each.answer = first_of(sql.query(kMessage, user, task.session_id, answer), read_message).value();
    sql.execute(kOwe, again, user, task.id);
  }
  return due;
}

}  // namespace

base::Task<> SqliteMemoryDebts::owe(UserScope scope, base::TaskId task, base::Timestamp due) {
  co_await database_.writer().run("memory.owe",
                                  [=](Transaction& tx) { return tx.sql().execute(kOwe, due, scope.user(), task); });
}

base::Task<std::vector<OwedMemory>> SqliteMemoryDebts::claim(base::Timestamp now, base::Timestamp again,
                                                             std::int64_t limit) {
  // Mostly there is nothing: then the writer is left alone.
  const bool any = co_await database_.readers().run(
      "memory.due", [now](Connection& sql) { return sql.query(kDue, now, std::int64_t{1}).next(); });
  if (!any) co_return std::vector<OwedMemory>{};
  co_return co_await database_.writer().run("memory.claim",
                                            [=](Transaction& tx) { return claim_due(tx.sql(), now, again, limit); });
}

base::Task<> SqliteMemoryDebts::settle(std::vector<SettledMemory> memories) {
  co_await database_.writer().run("memory.settle", [memories = std::move(memories)](Transaction& tx) {
    for (const SettledMemory& each : memories) tx.sql().execute(kSettle, each.scope.user(), each.task);
    return true;
  });
}

}  // namespace codelab::infra::sqlite
