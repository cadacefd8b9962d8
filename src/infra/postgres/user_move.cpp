#include "infra/postgres/user_move.hpp"

#include <array>

#include <fmt/format.h>

#include "base/store_error.hpp"
#include "infra/postgres/query_error.hpp"
#include "infra/postgres/user_copy.hpp"
#include "infra/postgres/user_tables.hpp"

namespace codelab::infra::postgres {
namespace {

using base::ErrorCode;
using core::identity::ScopeIssuer;
using directory::Place;

constexpr std::string_view kLockTimeout = "55P03";

constexpr Sql kUserByEmail = "SELECT id FROM codelab_credentials_by_email($1)";
constexpr Sql kEmail = "SELECT email FROM users WHERE id = $1";
constexpr Sql kDeleteUser = "DELETE FROM users WHERE id = $1";

const std::string kMain(kMainShard);

base::UserId read_id(const Rows& rows) {
  base::UserId id;
  rows.read(id);
  return id;
}

Batch deletion_of(const base::UserId& user) {
  Batch batch;
  batch.add(kDeleteUser, user);
  return batch;
}

base::Error conflict(std::string words) { return base::make_error(ErrorCode::state_conflict, std::move(words)); }

}  // namespace

base::Task<std::optional<base::UserId>> UserMover::find(std::string email_or_id) {
  if (const auto id = base::UserId::parse(email_or_id)) co_return *id;
  auto question = directory::ask_place_by_email(email_or_id);
  auto entry = co_await lines_.ask(kMain, std::move(question));
  if (const auto resident = directory::read_resident(std::move(entry))) co_return resident->user;
  Batch without_entry;
  without_entry.add(kUserByEmail, email_or_id);
  auto answer = co_await lines_.ask(kMain, std::move(without_entry));
  co_return first_of(std::move(answer.at(0)), read_id);
}

base::Task<base::Result<UserMover::Outcome>> UserMover::move(base::UserId user, std::string target, Step last) {
  if (!lines_.knows(target)) {
    co_return base::make_error(ErrorCode::not_found, fmt::format("there is no shard {} in the settings", target));
  }
  held_ = co_await MoveHold::take(lines_, user);
  if (!held_) co_return conflict("another command moves this user at the moment");
  std::optional<base::Result<Outcome>> outcome;
  std::exception_ptr failure;
  try {
    outcome = co_await move_held(user, std::move(target), last);
  } catch (const base::StoreError&) {
    failure = std::current_exception();
  }
  held_->close();
  if (failure) std::rethrow_exception(failure);
  co_return std::move(*outcome);
}

base::Task<base::Result<UserMover::Outcome>> UserMover::move_held(base::UserId user, std::string target, Step last) {
  const auto found = co_await place_of(user);
  const Place place = found.value_or(Place{.shard = kMain});
  if (place.leaving) co_await settle(user, place.shard, *place.leaving, Step::cleared);
  if (place.moving_to && target == place.shard) {
    co_await give_up(user, place.shard, *place.moving_to);
    co_return Outcome{.kind = Outcome::Kind::given_up};
  }
  if (place.moving_to && target != *place.moving_to) {
    co_return conflict(
        fmt::format("the user is on the way from {0} to {1}: move them to {1} first, or to {0} to give "
                    "that up",
                    place.shard, *place.moving_to));
  }
  if (target == place.shard) {
    co_await open(user, std::move(target));
    co_return Outcome{.kind = Outcome::Kind::was_there};
  }
  co_return co_await carry(user, place.shard, std::move(target), last);
}

base::Task<base::Result<UserMover::Outcome>> UserMover::carry(base::UserId user, std::string source, std::string target,
                                                              Step last) {
  Outcome outcome{.kind = Outcome::Kind::moved};
  const auto difference = co_await compare(user, source, target);
  if (difference) co_return *difference;
  auto announcement = directory::begin_move(user, source, target);
  auto announced = co_await held_->change(std::move(announcement));
  if (!directory::read_bool(std::move(announced))) {
    co_return base::make_error(ErrorCode::not_found, "there is no such user");
  }
  if (last == Step::announced) co_return outcome;
  auto hindrance = co_await fence(user, source, target);
  if (!hindrance) hindrance = co_await make_room(user, source, target);
  if (hindrance) {
    co_await give_up(user, source, target);
    // Whoever erases them could not forget their entry while they were on the way.
    auto forget = directory::forget_place(user, source);
    if (hindrance->code == ErrorCode::not_found) co_await held_->change(std::move(forget));
    co_return *hindrance;
  }
  if (last == Step::fenced) co_return outcome;
  const auto scope = ScopeIssuer::open(user);
  outcome.rows = co_await copy_user(lines_, *held_, scope, source, target);
  if (last == Step::copied) co_return outcome;
  auto turn = directory::end_move(user, source, target);
  auto turned = co_await held_->change(std::move(turn));
  if (!directory::read_bool(std::move(turned))) co_return conflict("somebody else has changed where the user goes");
  if (last == Step::turned) co_return outcome;
  co_await settle(user, std::move(target), std::move(source), last);
  co_return outcome;
}

base::Task<std::optional<base::Error>> UserMover::compare(base::UserId user, std::string source, std::string target) {
  const auto scope = ScopeIssuer::open(user);
  const std::array shards{std::move(source), std::move(target)};
  for (const std::string& shard : shards) {
    auto question = ask_newest_migration();
    auto answer = co_await lines_.run_as(scope, shard, std::move(question));
    auto difference = other_tables(std::move(answer), shard);
    if (difference) co_return conflict(std::move(*difference) + ": nothing was moved");
  }
  co_return std::nullopt;
}

/// First where nobody works for the user yet: copied rows come to stand behind a fence that is up.
base::Task<std::optional<base::Error>> UserMover::fence(base::UserId user, std::string source, std::string target) {
  Batch nothing_more;
  co_await held_->run_alone(std::move(target), nothing_more);
  bool is_here = false;
  try {
    is_here = co_await held_->run_alone(std::move(source), std::move(nothing_more));
  } catch (const QueryError& failure) {
    if (failure.sqlstate() != kLockTimeout) throw;
    co_return conflict("somebody works for this user all the time: nothing was moved, try again");
  }
  if (!is_here) co_return base::make_error(ErrorCode::not_found, "the user is being erased: nothing was moved");
  co_return std::nullopt;
}

/// An address may be held there by somebody who was never made to the end.
base::Task<std::optional<base::Error>> UserMover::make_room(base::UserId user, std::string source, std::string target) {
  Batch question;
  question.add(kEmail, user);
  auto answer = co_await lines_.run_as(ScopeIssuer::open(user), std::move(source), std::move(question));
  Batch holders;
  holders.add(kUserByEmail, value_of<std::string>(std::move(answer.at(0))));
  auto found = co_await lines_.ask(target, std::move(holders));
  const auto holder = first_of(std::move(found.at(0)), read_id);
  if (!holder || *holder == user) co_return std::nullopt;
  const auto place = co_await place_of(*holder);
  if (place || target == kMain) co_return conflict("another user has the same e-mail address there");
  auto deletion = deletion_of(*holder);
  co_await lines_.run_as(ScopeIssuer::open(*holder), std::move(target), std::move(deletion));
  co_return std::nullopt;
}

base::Task<> UserMover::settle(base::UserId user, std::string home, std::string left, Step last) {
  co_await open(user, std::move(home));
  if (last == Step::opened) co_return;
  const auto scope = ScopeIssuer::open(user);
  auto deletion = entering(lines_.visibility(scope), false);
  deletion.append(deletion_of(user));
  co_await held_->run_alone(left, std::move(deletion));
  auto note = directory::has_left(user, left);
  co_await held_->change(std::move(note));
}

/// Looks first, not to wait for whoever works for the user where no fence is up.
base::Task<> UserMover::open(base::UserId user, std::string home) {
  const auto scope = ScopeIssuer::open(user);
  auto entrance = directory::enter(user);
  bool fenced = false;
  try {
    co_await lines_.run_as(scope, home, std::move(entrance));
  } catch (const base::StoreError& refused) {
    if (!directory::is_not_here(refused)) throw;
    fenced = true;
  }
  if (!fenced) co_return;
  auto lift = directory::lift_fence(user);
  co_await held_->run_alone(std::move(home), std::move(lift));
}

base::Task<> UserMover::give_up(base::UserId user, std::string home, std::string target) {
  auto note = directory::abandon_move(user, target);
  co_await held_->change(std::move(note));
  co_await settle(user, std::move(home), std::move(target), Step::cleared);
}

base::Task<std::optional<Place>> UserMover::place_of(base::UserId user) {
  auto question = directory::ask_place(user);
  auto answer = co_await lines_.ask(kMain, std::move(question));
  co_return directory::read_place(std::move(answer));
}

}  // namespace codelab::infra::postgres
