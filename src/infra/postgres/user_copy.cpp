#include "infra/postgres/user_copy.hpp"

#include <fmt/format.h>

#include "base/store_error.hpp"
#include "infra/postgres/user_tables.hpp"

namespace codelab::infra::postgres {
namespace {

using core::identity::UserScope;
using Line = std::shared_ptr<Connection>;

/// One view of all tables.
constexpr Sql kBeginReading = "BEGIN ISOLATION LEVEL REPEATABLE READ";
constexpr Sql kCommit = "COMMIT";
constexpr Sql kFetch = "FETCH 100 FROM moved";
constexpr Sql kClose = "CLOSE moved";
constexpr Sql kDeleteUser = "DELETE FROM users WHERE id = $1";

base::Task<Answer> run_one(Line line, Sql sql) {
  Batch batch;
  batch.add(sql);
  co_return co_await line->run(std::move(batch));
}

base::Task<> require_known_tables(Line line, std::string shard) {
  auto question = ask_newest_migration();
  auto answer = co_await line->run(std::move(question));
  const auto conflict = other_tables(std::move(answer), shard);
  if (conflict) throw base::StoreError("postgres: " + *conflict);
}

base::Task<std::int64_t> count(Line line, UserTable table) {
  auto answer = co_await run_one(line, table.count);
  co_return value_of<std::int64_t>(std::move(answer.at(0)));
}

base::Task<std::int64_t> copy_rows(Line source, Line target, UserTable table) {
  co_await run_one(source, table.open);
  std::int64_t copied = 0;
  for (;;) {
    auto fetched = co_await run_one(source, kFetch);
    Rows& rows = fetched.at(0);
    Batch inserts;
    while (rows.next()) {
      std::string_view row;
      rows.read(row);
      inserts.add(table.insert, row);
    }
    if (inserts.empty()) break;
    copied += std::ssize(inserts.statements());
    co_await target->run(std::move(inserts));
  }
  co_await run_one(source, kClose);
  co_return copied;
}

base::Task<std::int64_t> copy_table(Line source, Line target, UserTable table) {
  const std::int64_t copied = co_await copy_rows(source, target, table);
  const std::int64_t here = co_await count(source, table);
  const std::int64_t there = co_await count(target, table);
  if (copied == here && here == there) co_return copied;
  throw base::StoreError(
      fmt::format("postgres: of the {} rows of {}, {} were copied and {} arrived", here, table.name, copied, there));
}

/// What an earlier attempt has left there goes first.
base::Task<std::int64_t> copy_all(Line source, Line target, UserScope scope) {
  Batch leftovers;
  leftovers.add(kDeleteUser, scope.user());
  co_await target->run(std::move(leftovers));
  std::int64_t copied = 0;
  for (const UserTable& table : user_tables()) copied += co_await copy_table(source, target, table);
  auto ended = co_await run_one(target, kCommit);
  if (ended.at(0).tag() != "COMMIT") throw base::StoreError("postgres: the copy was undone");
  co_return copied;
}

}  // namespace

/// The view of the source is from before the hold was found to be there: nobody has served the user since the fences.
base::Task<std::int64_t> copy_user(ShardLines& lines, MoveHold& hold, UserScope scope, std::string source,
                                   std::string target) {
  const Line from = co_await lines.line(source);
  const Line to = co_await lines.line(target);
  const Visibility visibility = lines.visibility(scope);
  std::int64_t copied = 0;
  std::exception_ptr failure;
  try {
    Batch reading;
    reading.add(kBeginReading).append(entering(visibility, true));
    co_await from->run(std::move(reading));
    co_await hold.begin_alone(to);
    auto as_user = entering(visibility, false);
    co_await to->run(std::move(as_user));
    co_await require_known_tables(from, std::move(source));
    co_await require_known_tables(to, std::move(target));
    copied = co_await copy_all(from, to, scope);
  } catch (const base::StoreError&) {
    failure = std::current_exception();
  }
  co_await roll_back(from);
  if (failure) {
    co_await roll_back(to);
    std::rethrow_exception(failure);
  }
  co_return copied;
}

}  // namespace codelab::infra::postgres
