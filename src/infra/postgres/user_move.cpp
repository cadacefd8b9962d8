#include "infra/postgres/user_move.hpp"

#include <fmt/format.h>

#include "base/store_error.hpp"
#include "infra/postgres/query_error.hpp"
#include "infra/postgres/user_copy.hpp"

namespace codelab::infra::postgres {
namespace {

using base::ErrorCode;
using core::identity::ScopeIssuer;
using directory::Place;

constexpr std::string_view kLockTimeout = "55P03";

constexpr Sql kBegin = "BEGIN";
constexpr Sql kHold = "SELECT pg_try_advisory_xact_lock(hashtextextended($1, 27988499683369316))";
constexpr Sql kStillHeld = "SELECT true";
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
  held_ = co_await hold(user);
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
  if (target == place.shard) co_return Outcome{.kind = Outcome::Kind::was_there};
  co_return co_await carry(user, place.shard, std::move(target), last);
}

base::Task<base::Result<UserMover::Outcome>> UserMover::carry(base::UserId user, std::string source, std::string target,
                                                              Step last) {
  Outcome outcome{.kind = Outcome::Kind::moved};
  auto announcement = directory::begin_move(user, source, target);
  auto announced = co_await lines_.ask(kMain, std::move(announcement));
  if (!directory::read_bool(std::move(announced))) {
    co_return base::make_error(ErrorCode::not_found, "there is no such user");
  }
  if (last == Step::announced) co_return outcome;
  auto hindrance = co_await fence(user, source, target);
  if (!hindrance) hindrance = co_await make_room(user, source, target);
  if (hindrance) {
    co_await give_up(user, source, target);
    co_return *hindrance;
  }
  if (last == Step::fenced) co_return outcome;
  outcome.rows = co_await copy_user(lines_, ScopeIssuer::open(user), source, target);
  if (last == Step::copied) co_return outcome;
  Batch look;
  look.add(kStillHeld);
  co_await held_->run(std::move(look));
  auto turn = directory::end_move(user, source, target);
  auto turned = co_await lines_.ask(kMain, std::move(turn));
  if (!directory::read_bool(std::move(turned))) co_return conflict("somebody else has changed where the user goes");
  if (last == Step::turned) co_return outcome;
  co_await settle(user, std::move(target), std::move(source), last);
  co_return outcome;
}

/// The idle transaction is ended by nothing but its line.
base::Task<std::shared_ptr<Connection>> UserMover::hold(base::UserId user) {
  auto line = co_await lines_.another_line(kMain);
  Visibility forever = lines_.visibility(std::nullopt);
  forever.idle_timeout = {};
  Batch batch;
  batch.add(kBegin).append(entering(forever, false));
  batch.add(kHold, user.str());
  auto answer = co_await line->run(std::move(batch));
  if (value_of<bool>(std::move(answer.back()))) co_return line;
  line->close();
  co_return nullptr;
}

/// First where nobody works for the user yet: copied rows come to stand behind a fence that is up.
base::Task<std::optional<base::Error>> UserMover::fence(base::UserId user, std::string source, std::string target) {
  auto there = directory::fence(user);
  co_await lines_.ask(std::move(target), std::move(there));
  bool is_here = false;
  try {
    auto here = directory::fence(user);
    auto answer = co_await lines_.ask(std::move(source), std::move(here));
    is_here = directory::read_bool(std::move(answer));
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
  auto lift = directory::lift_fence(user);
  co_await lines_.ask(std::move(home), std::move(lift));
  if (last == Step::opened) co_return;
  auto deletion = deletion_of(user);
  co_await lines_.run_as(ScopeIssuer::open(user), left, std::move(deletion));
  auto note = directory::has_left(user, left);
  co_await lines_.ask(kMain, std::move(note));
}

base::Task<> UserMover::give_up(base::UserId user, std::string home, std::string target) {
  auto note = directory::abandon_move(user, target);
  co_await lines_.ask(kMain, std::move(note));
  co_await settle(user, std::move(home), std::move(target), Step::cleared);
}

base::Task<std::optional<Place>> UserMover::place_of(base::UserId user) {
  auto question = directory::ask_place(user);
  auto answer = co_await lines_.ask(kMain, std::move(question));
  co_return directory::read_place(std::move(answer));
}

}  // namespace codelab::infra::postgres
