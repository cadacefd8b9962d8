#include "infra/postgres/task_leases.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/log.hpp"
#include "base/store_error.hpp"
#include "infra/postgres/message_rows.hpp"
#include "infra/postgres/task_rows.hpp"

namespace codelab::infra::postgres {
namespace {

using core::chat::TakenTask;
using core::chat::TakeOverRule;

constexpr int kTriesToRead = 5;
constexpr std::chrono::milliseconds kReadAgainAfter{500};

constexpr Sql kRenew = "SELECT codelab_renew_runner($1, $2)";
constexpr Sql kRelease = "SELECT codelab_release_runner($1)";
constexpr Sql kTakeOver = "SELECT user_id, task_id, attempt FROM codelab_take_over($1, $2, $3, $4)";
constexpr Sql kTask =
    "SELECT id, session_id, agent_id, agent_name, status, error_code, error_detail, request_message_id, message_id, "
    "created_at, started_at, completed_at, kind, parent_id FROM tasks WHERE user_id = $1 AND id = $2";
constexpr Sql kStalled = "SELECT stalled FROM tasks WHERE user_id = $1 AND id = $2";
constexpr Sql kRequest =
    "SELECT m.id, m.session_id, m.role, m.content, m.agent_id, m.agent_name, m.task_id, m.model, m.prompt_tokens, "
    "m.completion_tokens, m.cost_usd, m.created_at FROM tasks t JOIN messages m "
    "ON m.user_id = t.user_id AND m.session_id = t.session_id AND m.id = t.request_message_id "
    "WHERE t.user_id = $1 AND t.id = $2";

struct Taken {
  base::UserId user;
  base::TaskId task;
  std::int64_t attempt = 0;
};

Taken read_taken(const Rows& rows) {
  Taken taken;
  rows.read(taken.user, taken.task, taken.attempt);
  return taken;
}

/// Nothing when its session is gone by now.
base::Task<std::optional<TakenTask>> whole(Database& database, Taken taken) {
  const auto scope = core::identity::ScopeIssuer::open(taken.user);
  Batch batch;
  batch.add(kTask, taken.user, taken.task).add(kRequest, taken.user, taken.task).add(kStalled, taken.user, taken.task);
  auto answer = co_await database.read("task.taken", scope, std::move(batch));
  auto task = first_of(std::move(answer.at(0)), read_task);
  auto request = first_of(std::move(answer.at(1)), read_message);
  if (!task || !request) co_return std::nullopt;
  co_return TakenTask{.scope = scope,
                      .task = std::move(*task),
                      .attempt = taken.attempt,
                      .stalled = value_of<std::int64_t>(std::move(answer.at(2))),
                      .request = std::move(*request)};
}

/// One that cannot be read is taken again, which counts as one more process that it has brought down.
base::Task<std::optional<TakenTask>> read(Database& database, Taken taken) {
  boost::asio::steady_timer pause(co_await boost::asio::this_coro::executor);
  for (int tries = 0; tries < kTriesToRead; ++tries) {
    try {
      co_return co_await whole(database, taken);
    } catch (const base::StoreError& failure) {
      base::log::warning("taken_task_not_read", {{"task_id", taken.task.str()}, {"reason", failure.what()}});
    }
    pause.expires_after(kReadAgainAfter);
    co_await pause.async_wait(boost::asio::use_awaitable);
  }
  co_return std::nullopt;
}

}  // namespace

base::Task<> PostgresTaskLeases::renew(std::chrono::milliseconds lease) {
  Batch batch;
  batch.add(kRenew, database_.runner(), std::chrono::microseconds(lease).count());
  co_await database_.write_apart("task.renew", std::move(batch), shard_);
}

base::Task<std::vector<TakenTask>> PostgresTaskLeases::take_over(TakeOverRule rule) {
  Batch batch;
  batch.add(kTakeOver, database_.runner(), rule.limit, rule.running, rule.begun_before);
  auto answer = co_await database_.write_as_operator("task.take_over", std::move(batch), shard_);
  std::vector<TakenTask> tasks;
  for (const Taken& each : all_of(std::move(answer.at(0)), read_taken)) {
    auto task = co_await read(database_, each);
    if (task) tasks.push_back(std::move(*task));
  }
  co_return tasks;
}

base::Task<> PostgresTaskLeases::release() {
  Batch batch;
  batch.add(kRelease, database_.runner());
  co_await database_.write_as_operator("task.release", std::move(batch), shard_);
}

}  // namespace codelab::infra::postgres
