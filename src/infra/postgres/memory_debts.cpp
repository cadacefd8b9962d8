#include "infra/postgres/memory_debts.hpp"

#include <algorithm>
#include <iterator>

#include "base/log.hpp"
#include "base/store_error.hpp"
#include "infra/postgres/message_rows.hpp"
#include "infra/postgres/task_rows.hpp"

namespace codelab::infra::postgres {
namespace {

using core::chat::OwedMemory;
using core::chat::SettledMemory;
using core::identity::UserScope;

constexpr Sql kOwe = "UPDATE tasks SET memory_due = $3 WHERE user_id = $1 AND id = $2";
constexpr Sql kSettle = "SELECT codelab_settle_memories($1, $2)";
constexpr Sql kClaim = "SELECT user_id, task_id FROM codelab_claim_memories($1, $2, $3)";
constexpr Sql kTask =
    "SELECT id, session_id, agent_id, agent_name, status, error_code, error_detail, request_message_id, message_id, "
    "created_at, started_at, completed_at, kind, parent_id FROM tasks WHERE user_id = $1 AND id = $2";
/// The question, then the answer.
constexpr Sql kMessages =
    "SELECT m.id, m.session_id, m.role, m.content, m.agent_id, m.agent_name, m.task_id, m.model, m.prompt_tokens, "
    "m.completion_tokens, m.cost_usd, m.created_at FROM tasks t JOIN messages m "
    "ON m.user_id = t.user_id AND m.session_id = t.session_id AND m.id IN (t.request_message_id, t.message_id) "
    "WHERE t.user_id = $1 AND t.id = $2 ORDER BY m.position";

struct Claimed {
  base::UserId user;
  base::TaskId task;
};

Claimed read_claimed(const Rows& rows) {
  Claimed claimed;
  rows.read(claimed.user, claimed.task);
  return claimed;
}

/// Nothing when its session is gone by now.
base::Task<std::optional<OwedMemory>> whole(Database& database, Claimed claimed) {
  const auto scope = core::identity::ScopeIssuer::open(claimed.user);
  Batch batch;
  batch.add(kTask, claimed.user, claimed.task).add(kMessages, claimed.user, claimed.task);
  auto answer = co_await database.read("memory.owed", scope, std::move(batch));
  auto task = first_of(std::move(answer.at(0)), read_task);
  auto messages = all_of(std::move(answer.at(1)), read_message);
  if (!task || messages.size() != 2) co_return std::nullopt;
  co_return OwedMemory{.scope = scope,
                       .task = std::move(*task),
                       .request = std::move(messages.front()),
                       .answer = std::move(messages.back())};
}

base::Task<bool> change(Transaction& tx, Batch batch) {
  tx.add(std::move(batch));
  co_await tx.commit();
  co_return true;
}

}  // namespace

base::Task<> PostgresMemoryDebts::owe(UserScope scope, base::TaskId task, base::Timestamp due) {
  Batch batch;
  batch.add(kOwe, scope.user(), task, due);
  co_await database_.write("memory.owe", scope, change, std::move(batch));
}

base::Task<std::vector<OwedMemory>> PostgresMemoryDebts::claim(base::Timestamp now, base::Timestamp again,
                                                               std::int64_t limit) {
  std::vector<OwedMemory> owed;
  const std::size_t first = next_shard_++;
  for (std::size_t i = 0; i < database_.shards() && std::ssize(owed) < limit; ++i) {
    const std::size_t shard = (first + i) % database_.shards();
    const std::int64_t room = limit - std::ssize(owed);
    auto here = co_await claim_in(shard, now, again, room);
    std::ranges::move(here, std::back_inserter(owed));
  }
  co_return owed;
}

/// One shard that is away does not keep the others' memories from being paid.
base::Task<std::vector<OwedMemory>> PostgresMemoryDebts::claim_in(std::size_t shard, base::Timestamp now,
                                                                  base::Timestamp again, std::int64_t limit) {
  std::vector<OwedMemory> owed;
  Batch batch;
  batch.add(kClaim, now, again, limit);
  try {
    auto answer = co_await database_.write_as_operator("memory.claim", std::move(batch), shard);
    for (const Claimed& each : all_of(std::move(answer.at(0)), read_claimed)) {
      auto memory = co_await whole(database_, each);
      if (memory) owed.push_back(std::move(*memory));
    }
  } catch (const base::StoreError& failure) {
    if (database_.shards() == 1) throw;
    base::log::warning("memories_not_claimed",
                       {{"shard", database_.places().names()[shard]}, {"reason", failure.what()}});
  }
  co_return owed;
}

base::Task<> PostgresMemoryDebts::settle(std::vector<SettledMemory> memories) {
  std::vector<base::UserId> users;
  std::vector<base::TaskId> tasks;
  for (const SettledMemory& each : memories) {
    users.push_back(each.scope.user());
    tasks.push_back(each.task);
  }
  // Their users may have moved by now. What a shard that is away does not learn is due there again, and changes
  // nothing.
  for (std::size_t shard = 0; shard < database_.shards(); ++shard) {
    Batch batch;
    batch.add(kSettle, users, tasks);
    try {
      co_await database_.write_as_operator("memory.settle", std::move(batch), shard);
    } catch (const base::StoreError& failure) {
      base::log::warning("memories_not_settled",
                         {{"shard", database_.places().names()[shard]}, {"reason", failure.what()}});
    }
  }
}

}  // namespace codelab::infra::postgres
