#pragma once

#include <memory>
#include <string>

#include "infra/postgres/shard_lines.hpp"

namespace codelab::infra::postgres {

/// The right to move one user, which one command has at a time: an advisory lock of a transaction in `main` that stays
/// open. It is lost with its line, and the next command may have it before the loser knows. So what must not be done
/// without it is done in transactions that the next one's would wait for, once it was found to be there still. Used on
/// the executor of its lines.
class MoveHold {
 public:
  /// nullptr when another command moves this user. `lines` outlives it. Throws base::StoreError.
  static base::Task<std::unique_ptr<MoveHold>> take(ShardLines& lines, base::UserId user);
  MoveHold(const MoveHold&) = delete;
  MoveHold& operator=(const MoveHold&) = delete;

  /// Throws base::StoreError when it is lost.
  base::Task<> require();
  /// Changes the directory in the transaction that holds, so that nothing is changed without the hold. Throws
  /// base::StoreError; also when the hold is lost right afterwards, and then all is changed.
  base::Task<Answer> change(Batch batch);
  /// Begins a transaction for operators on `line`. Until it ends nobody works for the user there, another command
  /// neither copies them there nor deletes them nor lifts the fence, and the fence is up. Answers whether the user's
  /// rows are there. Throws base::StoreError, also when the hold is lost: the transaction is to be rolled back then.
  base::Task<bool> begin_alone(std::shared_ptr<Connection> line);
  /// Does `work` in such a transaction, and commits it. Throws base::StoreError, and nothing is left open.
  base::Task<bool> run_alone(std::string shard, Batch work);
  void close() { line_->close(); }

 private:
  MoveHold(ShardLines& lines, const base::UserId& user) : lines_(lines), user_(user) {}
  /// The idle transaction is ended by nothing but its line.
  Batch holding() const;

  ShardLines& lines_;
  const base::UserId user_;
  std::shared_ptr<Connection> line_;
};

}  // namespace codelab::infra::postgres
