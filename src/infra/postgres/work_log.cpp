#include "infra/postgres/work_log.hpp"

#include "infra/postgres/step_rows.hpp"

namespace codelab::infra::postgres {
namespace {

using core::chat::RunnerId;
using core::chat::Task;
using core::events::stream_of;
using core::identity::UserScope;
using core::work::Recorded;
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

base::Task<Recorded> put(Transaction& tx, RunnerId runner, UserScope scope, Task task, WorkRecord record) {
  const auto stream = stream_of(task.session_id);
  tx.advance(stream, record.events.size());
  is_run_here(tx, runner, scope, task, record.parts.empty() ? Progress::none : Progress::made);
  if (record.step) put_step(tx, runner, scope, *record.step);
  auto answer = co_await tx.run();
  if (answer.at(1).affected() != 1) co_return Recorded::gone;
  StepAnswers steps(answer, 2);
  if (record.step && !steps.read_put(*record.step)) co_return Recorded::step_ended;
  for (const auto& [turn, call, content] : record.parts) {
    tx.add(kPutPart, scope.user(), task.id, turn, call, content);
  }
  co_await append_with_ended(tx, stream, std::move(answer.at(0)), steps.take_events(), std::move(record.events));
  co_await tx.commit();
  co_return Recorded::yes;
}

}  // namespace

base::Task<Recorded> PostgresWorkLog::record(UserScope scope, Task task, WorkRecord record) {
  return database_.write("work.record", scope, put, database_.runner(), scope, std::move(task), std::move(record));
}

base::Task<std::vector<RecordedPart>> PostgresWorkLog::of_task(UserScope scope, base::TaskId task) {
  Batch batch;
  batch.add(kParts, scope.user(), task);
  auto answer = co_await database_.read("work.of_task", scope, std::move(batch));
  co_return all_of(std::move(answer.at(0)), read_part);
}

}  // namespace codelab::infra::postgres
