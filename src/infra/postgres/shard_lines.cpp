#include "infra/postgres/shard_lines.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "base/log.hpp"
#include "base/store_error.hpp"
#include "infra/postgres/directory.hpp"

namespace codelab::infra::postgres {
namespace {

/// Shorter than a request waits for a user who is being moved.
constexpr std::chrono::milliseconds kLockTimeout{2'000};

constexpr Sql kRollback = "ROLLBACK";

}  // namespace

base::Task<> roll_back(std::shared_ptr<Connection> line) {
  if (!line->usable()) co_return;
  Batch undo;
  undo.add(kRollback);
  try {
    co_await line->run(std::move(undo));
  } catch (const base::StoreError& failure) {
    base::log::error("store_rollback_failed", {{"reason", failure.what()}});
    line->close();
  }
}

ShardLines::ShardLines(const DatabaseSettings& settings)
    : servers_(settings.servers()), connection_(settings.connection), timeouts_(settings.timeouts) {
  connection_.answer_timeout = std::max(connection_.answer_timeout, timeouts_.erasure + timeouts_.grace);
}

bool ShardLines::knows(const std::string& shard) const {
  return std::ranges::find(servers_, shard, &ShardAddress::name) != servers_.end();
}

base::Task<std::shared_ptr<Connection>> ShardLines::line(std::string shard) {
  const auto known = lines_.find(shard);
  if (known != lines_.end() && known->second->usable()) co_return known->second;
  auto made = co_await another_line(shard);
  lines_.insert_or_assign(shard, made);
  co_return made;
}

base::Task<std::shared_ptr<Connection>> ShardLines::another_line(std::string shard) {
  const Address address(std::ranges::find(servers_, shard, &ShardAddress::name)->address);
  auto made = co_await Connection::open(address, connection_);
  Batch question = entering(visibility(std::nullopt), false);
  question.append(directory::name_shard(shard));
  auto answer = co_await made->run(std::move(question));
  const auto name = value_of<std::string>(std::move(answer.back()));
  if (name == shard) co_return made;
  made->close();
  throw base::StoreError(fmt::format("postgres: the database at {} is the shard {}, not {}: look at the addresses",
                                     address.where(), name, shard));
}

base::Task<Answer> ShardLines::ask(std::string shard, Batch batch) {
  const auto to = co_await line(std::move(shard));
  Batch sent = entering(visibility(std::nullopt), false);
  sent.append(std::move(batch));
  auto answer = co_await to->run(std::move(sent));
  answer.erase(answer.begin());
  co_return answer;
}

base::Task<Answer> ShardLines::run_as(core::identity::UserScope scope, std::string shard, Batch batch) {
  const auto to = co_await line(std::move(shard));
  Batch sent = entering(visibility(scope), false);
  sent.append(std::move(batch));
  auto answer = co_await to->run(std::move(sent));
  answer.erase(answer.begin());
  co_return answer;
}

void ShardLines::close() {
  for (const auto& [shard, each] : lines_) each->close();
  lines_.clear();
}

Visibility ShardLines::visibility(std::optional<core::identity::UserScope> scope) const {
  return {.scope = scope,
          .statement_timeout = timeouts_.erasure,
          .lock_timeout = std::min(timeouts_.lock, kLockTimeout),
          .idle_timeout = timeouts_.erasure,
          .trip_timeout = timeouts_.erasure + timeouts_.grace};
}

}  // namespace codelab::infra::postgres
