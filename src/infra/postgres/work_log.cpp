#include "infra/postgres/work_log.hpp"

#include "infra/postgres/step_rows.hpp"

namespace codelab::infra::postgres {
namespace {

using core::chat::RunnerId;
using core::chat::Task;
using core::events::stream_of;
using core::identity::UserScope;
using core::work::RecordedPart;
using core::work::WorkRecord;

constexpr Sql kPutPart =
    "INSERT INTO task_work (user_id, task_id, turn, call, content) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING";
constexpr Sql kParts =
    "SELECT turn, call, content FROM task_work WHERE user_id = $1 AND task_id = $2 ORDER BY turn, call";

RecordedPart read_part(const Rows& rows) {
  RecordedPart part;
  rows.read(part.turn, part.call, part.content);
  return part;
}

base::Task<bool> put(Transaction& tx, RunnerId runner, UserScope scope, Task task, WorkRecord record) {
  tx.advance(stream_of(task.session_id), record.events.size());
  note_progress(tx, runner, scope, task);
  auto answer = co_await tx.run();
  if (answer.at(1).affected() != 1) co_return false;
  for (const auto& [turn, call, content] : record.parts) {
    tx.add(kPutPart, scope.user(), task.id, turn, call, content);
  }
  for (const Task& step : record.steps) put_step(tx, runner, scope, step);
  tx.append(std::move(answer.at(0)), std::move(record.events));
  co_await tx.commit();
  co_return true;
}

}  // namespace

base::Task<bool> PostgresWorkLog::record(UserScope scope, Task task, WorkRecord record) {
  return database_.write("work.record", scope, put, database_.runner(), scope, std::move(task), std::move(record));
}

base::Task<std::vector<RecordedPart>> PostgresWorkLog::of_task(UserScope scope, base::TaskId task) {
  Batch batch;
  batch.add(kParts, scope.user(), task);
  auto answer = co_await database_.read("work.of_task", scope, std::move(batch));
  co_return all_of(std::move(answer.at(0)), read_part);
}

}  // namespace codelab::infra::postgres
