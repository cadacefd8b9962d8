#pragma once

#include <map>
#include <memory>
#include <string>

#include "infra/postgres/connection.hpp"
#include "infra/postgres/database_settings.hpp"

namespace codelab::infra::postgres {

/// Leaves nothing open on a line: one that cannot say so is cut.
base::Task<> roll_back(std::shared_ptr<Connection> line);

/// The connections of an operator's command: one to each shard, made when it is first needed, on the executor that
/// awaits. Nothing is migrated by it.
class ShardLines {
 public:
  explicit ShardLines(const DatabaseSettings& settings);

  const std::vector<ShardAddress>& servers() const { return servers_; }
  bool knows(const std::string& shard) const;

  /// Throws base::StoreError when the server is away, or is another shard than its name in the settings says.
  base::Task<std::shared_ptr<Connection>> line(std::string shard);
  /// One more than line() gives, for a transaction that stays open.
  base::Task<std::shared_ptr<Connection>> another_line(std::string shard);
  /// One transaction of an operator's functions. Throws base::StoreError.
  base::Task<Answer> ask(std::string shard, Batch batch);
  /// One transaction as that user, behind the fences. Throws base::StoreError.
  base::Task<Answer> run_as(core::identity::UserScope scope, std::string shard, Batch batch);

  /// On the executor that awaited; later calls make new ones.
  void close();

  Visibility visibility(std::optional<core::identity::UserScope> scope) const;

 private:
  const std::vector<ShardAddress> servers_;
  ConnectionSettings connection_;
  const ServerTimeouts timeouts_;
  std::map<std::string, std::shared_ptr<Connection>> lines_;
};

}  // namespace codelab::infra::postgres
