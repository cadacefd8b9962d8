#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.hpp"
#include "base/store_error.hpp"
#include "infra/postgres/batch.hpp"
#include "infra/postgres/rows.hpp"

/// Who lives where, as the database of the shard `main` keeps it, and the fences around those who do not live in a
/// database (migrations/postgres/0002_shards.sql). Each of these makes a batch, but for enter() for an operator's
/// transaction.
namespace codelab::infra::postgres::directory {

/// The rows of a user are at `shard`, but for a move that was begun or not finished.
struct Place {
  std::string shard;
  std::optional<std::string> moving_to;
  /// Where rows of theirs are left, behind a fence.
  std::optional<std::string> leaving;
};

struct Resident {
  base::UserId user;
  std::string shard;
};

struct Move {
  base::UserId user;
  std::string email;
  Place place;
};

/// In `main`. Nothing: the user lives in `main`, or not at all.
Batch ask_place(const base::UserId& user);
std::optional<Place> read_place(Answer answer);
Batch ask_place_by_email(const std::string& email);
std::optional<Resident> read_resident(Answer answer);
/// In the order of their ids.
Batch ask_residents();
std::vector<Resident> read_residents(Answer answer);
/// Those that were begun and are not finished.
Batch ask_moves();
std::vector<Move> read_moves(Answer answer);

/// Answers false when the address is another user's.
Batch place_user(const base::UserId& user, const std::string& email, const std::string& shard);
/// Of a user who was last at that shard, and of whom nothing is left.
Batch forget_place(const base::UserId& user, const std::string& shard);
/// These answer false when the user is not at `source`, or is on the way to another shard.
Batch begin_move(const base::UserId& user, const std::string& source, const std::string& target);
Batch end_move(const base::UserId& user, const std::string& source, const std::string& target);
Batch abandon_move(const base::UserId& user, const std::string& target);
Batch has_left(const base::UserId& user, const std::string& source);

/// In any shard. Answers whether the user's rows are there; waits until nobody works for the user, as long as its
/// transaction's lock timeout lets it.
Batch fence(const base::UserId& user);
Batch lift_fence(const base::UserId& user);
/// In a transaction of that user: fails with is_not_here() where a fence is up, or is about to be.
Batch enter(const base::UserId& user);
bool is_not_here(const base::StoreError& failure);
Batch count_users();
/// Answers the name that the database has.
Batch name_shard(const std::string& name);

/// The answer to those above that answer one value.
bool read_bool(Answer answer);

}  // namespace codelab::infra::postgres::directory
