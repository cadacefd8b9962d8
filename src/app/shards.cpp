#include "app/shards.hpp"

#include <exception>
#include <string_view>

#include <fmt/format.h>

#include "app/database_settings.hpp"
#include "app/run_task.hpp"
#include "base/cores.hpp"
#include "base/log.hpp"
#include "base/store_error.hpp"
#include "core/identity/credentials.hpp"
#include "infra/postgres/user_move.hpp"

namespace codelab::app {
namespace {

using infra::postgres::ShardAddress;
using infra::postgres::ShardLines;
using infra::postgres::UserMover;
using Outcome = UserMover::Outcome;
namespace directory = infra::postgres::directory;

/// What is printed of a server, and whether it answered.
struct Described {
  std::string line;
  bool answered = false;
};

base::Task<Described> describe(ShardLines& lines, ShardAddress server) {
  Described described;
  std::string state;
  try {
    auto question = directory::count_users();
    auto answer = co_await lines.ask(server.name, std::move(question));
    state = fmt::format("reachable  {} users", infra::postgres::value_of<std::int64_t>(std::move(answer.at(0))));
    described.answered = true;
  } catch (const base::StoreError& failure) {
    state = fmt::format("away  {}", failure.what());
  }
  const infra::postgres::Address address(server.address);
  described.line = fmt::format("{}  {}  {}\n", server.name, address.where(), state);
  co_return described;
}

base::Task<std::vector<directory::Move>> moves(ShardLines& lines) {
  auto question = directory::ask_moves();
  auto answer = co_await lines.ask(std::string(infra::postgres::kMainShard), std::move(question));
  co_return directory::read_moves(std::move(answer));
}

void print(const directory::Move& move) {
  const auto& [shard, moving_to, leaving] = move.place;
  if (moving_to) {
    fmt::print("moving  {}  {}  from {} to {}\n", move.user.str(), move.email, shard, *moving_to);
  } else if (leaving) {
    fmt::print("to be cleared  {}  {}  lives in {}, rows are left in {}\n", move.user.str(), move.email, shard,
               *leaving);
  }
}

bool are_named(const config::Settings& settings) {
  if (!settings.shards().empty()) return true;
  fmt::print(stderr, "there is one database: storage.database_shards (CODELAB_DATABASE_SHARDS) names no other\n");
  return false;
}

base::Task<int> list(ShardLines& lines) {
  bool complete = true;
  bool has_directory = false;
  for (const auto& server : lines.servers()) {
    const auto described = co_await describe(lines, server);
    fmt::print("{}", described.line);
    complete = complete && described.answered;
    if (server.name == infra::postgres::kMainShard) has_directory = described.answered;
  }
  if (has_directory) {
    const auto begun = co_await moves(lines);
    for (const auto& move : begun) print(move);
  }
  co_return complete ? 0 : 1;
}

void print(const Outcome& outcome, const ShardOptions& options) {
  switch (outcome.kind) {
    case Outcome::Kind::moved:
      fmt::print("moved {} to {}, {} rows\n", options.user, options.shard, outcome.rows);
      break;
    case Outcome::Kind::given_up:
      fmt::print("gave the move up; {} lives in {}\n", options.user, options.shard);
      break;
    case Outcome::Kind::was_there:
      fmt::print("{} lives in {}\n", options.user, options.shard);
      break;
  }
}

base::Task<int> move(ShardLines& lines, ShardOptions options) {
  UserMover mover(lines);
  const bool is_id = base::UserId::parse(options.user).has_value();
  std::string wanted = is_id ? options.user : core::identity::normalized_email(options.user);
  const auto user = co_await mover.find(std::move(wanted));
  if (!user) {
    fmt::print(stderr, "there is no user {}\n", options.user);
    co_return 1;
  }
  const auto outcome = co_await mover.move(*user, options.shard);
  if (!outcome) {
    fmt::print(stderr, "{}\n", outcome.error().detail);
    co_return 1;
  }
  print(*outcome, options);
  co_return 0;
}

base::Task<int> run_and_close(ShardLines& lines, base::Task<int> work) {
  int status = 1;
  std::exception_ptr failure;
  try {
    status = co_await std::move(work);
  } catch (...) {
    failure = std::current_exception();
  }
  lines.close();
  if (failure) std::rethrow_exception(failure);
  co_return status;
}

template <class... Parameters, class... Arguments>
int with_lines(const config::Settings& settings, base::Task<int> (*work)(ShardLines&, Parameters...),
               Arguments... arguments) {
  if (!are_named(settings)) return 1;
  base::log::set_level(base::log::Level::error);
  base::Cores cores(1);
  cores.start();
  ShardLines lines(database_settings(settings));
  return run_task(cores.executor(0), run_and_close(lines, work(lines, std::move(arguments)...)));
}

}  // namespace

int list_shards(const config::Settings& settings) { return with_lines(settings, list); }

int move_user(const config::Settings& settings, const ShardOptions& options) {
  try {
    return with_lines(settings, move, options);
  } catch (const base::StoreError& failure) {
    fmt::print(stderr,
               "{}\nThe move may have begun: run the same command again to go on with it, or move the user to where "
               "they live (codelab shards list) to give it up.\n",
               failure.what());
    return 1;
  }
}

}  // namespace codelab::app
