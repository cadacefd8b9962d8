#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/result.hpp"
#include "base/task.hpp"
#include "infra/postgres/directory.hpp"
#include "infra/postgres/move_hold.hpp"

namespace codelab::infra::postgres {

/// Moves users from one shard to another while the processes serve. Whatever cuts a move off, the same command goes on
/// with it, and a move back to where the user still lives gives it up. docs/sharding.md tells it step by step.
class UserMover {
 public:
  /// What a move has done, in this order.
  enum class Step : std::uint8_t {
    /// The directory says where to.
    announced,
    /// Nobody reads or writes the user any more, in neither of the shards.
    fenced,
    copied,
    /// The directory says that the user lives there: there is no way back.
    turned,
    /// They are served there.
    opened,
    /// Where they came from nothing is left but the fence.
    cleared,
  };
  struct Outcome {
    enum class Kind : std::uint8_t { moved, given_up, was_there };
    Kind kind = Kind::was_there;
    std::int64_t rows = 0;
  };

  explicit UserMover(ShardLines& lines) : lines_(lines) {}

  /// The user of an e-mail address or an id.
  base::Task<std::optional<base::UserId>> find(std::string email_or_id);
  /// Errors: not_found, state_conflict, in words for an operator. Throws base::StoreError; then, and when it ends after
  /// the step `last`, as if the process had died, the move can be gone on with.
  base::Task<base::Result<Outcome>> move(base::UserId user, std::string target, Step last = Step::cleared);

 private:
  base::Task<base::Result<Outcome>> move_held(base::UserId user, std::string target, Step last);
  base::Task<base::Result<Outcome>> carry(base::UserId user, std::string source, std::string target, Step last);
  /// Both shards have the tables that are known here.
  base::Task<std::optional<base::Error>> compare(base::UserId user, std::string source, std::string target);
  base::Task<std::optional<base::Error>> fence(base::UserId user, std::string source, std::string target);
  /// Lifts the fence where the user lives, and deletes what is left elsewhere.
  base::Task<> settle(base::UserId user, std::string home, std::string left, Step last);
  /// Lifts the fence where the user lives, if one is up.
  base::Task<> open(base::UserId user, std::string home);
  base::Task<> give_up(base::UserId user, std::string home, std::string target);
  base::Task<std::optional<base::Error>> make_room(base::UserId user, std::string source, std::string target);
  base::Task<std::optional<directory::Place>> place_of(base::UserId user);

  ShardLines& lines_;
  std::unique_ptr<MoveHold> held_;
};

}  // namespace codelab::infra::postgres
