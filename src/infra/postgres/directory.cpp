#include "infra/postgres/directory.hpp"

#include "infra/postgres/query_error.hpp"

namespace codelab::infra::postgres::directory {
namespace {

constexpr Sql kPlace = "SELECT shard, moving_to, leaving FROM codelab_place($1)";
constexpr Sql kPlaceByEmail = "SELECT user_id, shard FROM codelab_place_by_email($1)";
constexpr Sql kPlaces = "SELECT user_id, shard FROM codelab_places()";
constexpr Sql kMoves = "SELECT user_id, email, shard, moving_to, leaving FROM codelab_moves()";
constexpr Sql kPlaceUser = "SELECT codelab_place_user($1, $2, $3)";
constexpr Sql kForgetPlace = "SELECT codelab_forget_place($1, $2)";
constexpr Sql kBeginMove = "SELECT codelab_begin_move($1, $2, $3)";
constexpr Sql kEndMove = "SELECT codelab_end_move($1, $2, $3)";
constexpr Sql kAbandonMove = "SELECT codelab_abandon_move($1, $2)";
constexpr Sql kHasLeft = "SELECT codelab_has_left($1, $2)";
constexpr Sql kFence = "SELECT codelab_fence($1)";
constexpr Sql kLiftFence = "SELECT codelab_lift_fence($1)";
constexpr Sql kEnter = "SELECT codelab_enter($1)";
constexpr Sql kCountUsers = "SELECT codelab_count_users()";
constexpr Sql kNameShard = "SELECT codelab_name_shard($1)";

template <class... Values>
Batch one(Sql sql, const Values&... values) {
  Batch batch;
  batch.add(sql, values...);
  return batch;
}

Place read_place_row(const Rows& rows) {
  Place place;
  rows.read(place.shard, place.moving_to, place.leaving);
  return place;
}

Resident read_resident_row(const Rows& rows) {
  Resident resident;
  rows.read(resident.user, resident.shard);
  return resident;
}

Move read_move_row(const Rows& rows) {
  Move move;
  rows.read(move.user, move.email, move.place.shard, move.place.moving_to, move.place.leaving);
  return move;
}

}  // namespace

Batch ask_place(const base::UserId& user) { return one(kPlace, user); }
std::optional<Place> read_place(Answer answer) { return first_of(std::move(answer.at(0)), read_place_row); }
Batch ask_place_by_email(const std::string& email) { return one(kPlaceByEmail, email); }
std::optional<Resident> read_resident(Answer answer) { return first_of(std::move(answer.at(0)), read_resident_row); }
Batch ask_residents() { return one(kPlaces); }
std::vector<Resident> read_residents(Answer answer) { return all_of(std::move(answer.at(0)), read_resident_row); }
Batch ask_moves() { return one(kMoves); }
std::vector<Move> read_moves(Answer answer) { return all_of(std::move(answer.at(0)), read_move_row); }

Batch place_user(const base::UserId& user, const std::string& email, const std::string& shard) {
  return one(kPlaceUser, user, email, shard);
}
Batch forget_place(const base::UserId& user, const std::string& shard) { return one(kForgetPlace, user, shard); }
Batch begin_move(const base::UserId& user, const std::string& source, const std::string& target) {
  return one(kBeginMove, user, source, target);
}
Batch end_move(const base::UserId& user, const std::string& source, const std::string& target) {
  return one(kEndMove, user, source, target);
}
Batch abandon_move(const base::UserId& user, const std::string& target) { return one(kAbandonMove, user, target); }
Batch has_left(const base::UserId& user, const std::string& source) { return one(kHasLeft, user, source); }

Batch fence(const base::UserId& user) { return one(kFence, user); }
Batch lift_fence(const base::UserId& user) { return one(kLiftFence, user); }
Batch enter(const base::UserId& user) { return one(kEnter, user); }
Batch count_users() { return one(kCountUsers); }
Batch name_shard(const std::string& name) { return one(kNameShard, name); }

bool is_not_here(const base::StoreError& failure) {
  const auto* refused = dynamic_cast<const QueryError*>(&failure);
  return refused != nullptr && refused->sqlstate() == "CL001";
}

bool read_bool(Answer answer) { return value_of<bool>(std::move(answer.at(0))); }

}  // namespace codelab::infra::postgres::directory
