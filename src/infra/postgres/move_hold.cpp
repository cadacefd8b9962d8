#include "infra/postgres/move_hold.hpp"

#include <utility>

#include "base/store_error.hpp"
#include "infra/postgres/directory.hpp"

namespace codelab::infra::postgres {
namespace {

constexpr Sql kBegin = "BEGIN";
constexpr Sql kCommit = "COMMIT";
constexpr Sql kHold = "SELECT pg_try_advisory_xact_lock(hashtextextended($1, 27988499683369316))";
constexpr Sql kStillHeld = "SELECT true";

}  // namespace

base::Task<std::unique_ptr<MoveHold>> MoveHold::take(ShardLines& lines, base::UserId user) {
  std::unique_ptr<MoveHold> hold(new MoveHold(lines, user));
  std::string main(kMainShard);
  hold->line_ = co_await lines.another_line(std::move(main));
  auto batch = hold->holding();
  auto answer = co_await hold->line_->run(std::move(batch));
  if (value_of<bool>(std::move(answer.back()))) co_return hold;
  hold->close();
  co_return nullptr;
}

Batch MoveHold::holding() const {
  Visibility forever = lines_.visibility(std::nullopt);
  forever.idle_timeout = {};
  Batch batch;
  batch.add(kBegin).append(entering(forever, false));
  batch.add(kHold, user_.str());
  return batch;
}

base::Task<> MoveHold::require() {
  Batch look;
  look.add(kStillHeld);
  co_await line_->run(std::move(look));
}

base::Task<Answer> MoveHold::change(Batch batch) {
  const auto wanted = static_cast<std::ptrdiff_t>(batch.statements().size());
  batch.add(kCommit).append(holding());
  auto answer = co_await line_->run(std::move(batch));
  if (!value_of<bool>(std::move(answer.back()))) {
    throw base::StoreError("postgres: another command has begun to move this user");
  }
  answer.erase(answer.begin() + wanted, answer.end());
  co_return answer;
}

base::Task<bool> MoveHold::begin_alone(std::shared_ptr<Connection> line) {
  Batch batch;
  batch.add(kBegin).append(entering(lines_.visibility(std::nullopt), false));
  batch.append(directory::fence(user_));
  auto answer = co_await line->run(std::move(batch));
  co_await require();
  co_return value_of<bool>(std::move(answer.back()));
}

base::Task<bool> MoveHold::run_alone(std::string shard, Batch work) {
  const auto line = co_await lines_.line(std::move(shard));
  bool is_here = false;
  std::exception_ptr failure;
  try {
    is_here = co_await begin_alone(line);
    work.add(kCommit);
    auto answer = co_await line->run(std::move(work));
    if (answer.back().tag() != "COMMIT") throw base::StoreError("postgres: a step of the move was undone");
  } catch (const base::StoreError&) {
    failure = std::current_exception();
  }
  if (!failure) co_return is_here;
  co_await roll_back(line);
  std::rethrow_exception(failure);
}

}  // namespace codelab::infra::postgres
