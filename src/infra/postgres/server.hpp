#pragma once

#include <atomic>
#include <cstddef>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.hpp"
#include "base/cores.hpp"
#include "base/task_group.hpp"
#include "infra/postgres/database_settings.hpp"
#include "infra/postgres/lane.hpp"

namespace codelab::infra::postgres {

/// One PostgreSQL server of this process, migrated, and the connections to it: a lane on each of several cores, the
/// same cores for every server of a process. Thread-safe.
class Server {
 public:
  /// Migrates and checks, on this thread. Throws base::StoreError with words for an operator. One that nobody answers
  /// at is taken as `may_be_away` says: then it is tried again on a thread of its own until it is there. `openers` and
  /// `clock` outlive it.
  Server(ShardAddress where, const DatabaseSettings& settings, base::Cores& cores, const base::Clock& clock,
         base::TaskGroup& openers, bool may_be_away);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  const std::string& name() const { return where_.name; }
  std::size_t lanes() const { return lanes_.size(); }
  const base::Executor& executor(std::size_t lane) const { return lanes_[lane].executor; }
  /// Throws base::StoreError as long as the server has not been there since the start.
  const Lane& lane(std::size_t index) const;
  /// One connection that waits for no other work of this process, on the first lane's executor. Throws as lane().
  const std::shared_ptr<Pool>& apart() const;

  /// Whether it did what it was asked last.
  bool available() const { return available_; }
  void note(bool answered) { available_ = answered; }

  /// Cuts the lines. `running`: the cores still run, and this waits up to `patience` for each.
  void close(bool running, std::chrono::seconds patience);

 private:
  /// Everything that has to be right before the first statement.
  void prepare() const;
  void prepare_later();
  void require_prepared() const;

  const ShardAddress where_;
  const bool one_of_several_;
  const base::Clock& clock_;
  std::vector<Lane> lanes_;
  std::shared_ptr<Pool> apart_;
  std::atomic<bool> prepared_{false};
  std::atomic<bool> available_{false};
  /// Ends before what it uses.
  std::jthread preparing_;
};

}  // namespace codelab::infra::postgres
