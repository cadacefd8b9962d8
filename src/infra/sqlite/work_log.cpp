#include "infra/sqlite/work_log.hpp"

#include "infra/sqlite/rows.hpp"
#include "infra/sqlite/step_rows.hpp"

namespace codelab::infra::sqlite {
namespace {

using core::chat::RunnerId;
using core::chat::Task;
using core::identity::UserScope;
using core::work::Recorded;
using core::work::RecordedPart;
using core::work::WorkRecord;

constexpr Sql kPutPart =
    "INSERT INTO task_work (user_id, task_id, turn, call, content) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING";
constexpr Sql kParts =
    "SELECT turn, call, content FROM task_work WHERE user_id = ? AND task_id = ? ORDER BY turn, call";

RecordedPart read_part(const Rows& rows) {
  RecordedPart part;
  rows.read(part.turn, part.call, part.content);
  return part;
}

Recorded put(Transaction& tx, const RunnerId& runner, const UserScope& scope, const Task& task,
             const WorkRecord& record) {
  Connection& sql = tx.sql();
  const auto progress = record.parts.empty() ? Progress::none : Progress::made;
  if (!is_run_here(sql, runner, scope, task, progress)) return Recorded::gone;
  const auto stream = core::events::stream_of(task.session_id);
  if (record.step) {
    const auto put = put_step(sql, runner, scope, *record.step);
    if (!put.stored) return Recorded::step_ended;
    tx.append(scope.user(), stream, put.events);
  }
  for (const auto& [turn, call, content] : record.parts) {
    sql.execute(kPutPart, scope.user(), task.id, turn, call, content);
  }
  tx.append(scope.user(), stream, record.events);
  return Recorded::yes;
}

}  // namespace

base::Task<Recorded> SqliteWorkLog::record(UserScope scope, Task task, WorkRecord record) {
  return database_.writer().run(
      "work.record", [runner = database_.runner(), scope, task = std::move(task),
                      record = std::move(record)](Transaction& tx) { return put(tx, runner, scope, task, record); });
}

base::Task<std::vector<RecordedPart>> SqliteWorkLog::of_task(UserScope scope, base::TaskId task) {
  return database_.readers().run(
      "work.of_task", [=](Connection& sql) { return all_of(sql.query(kParts, scope.user(), task), read_part); });
}

}  // namespace codelab::infra::sqlite
