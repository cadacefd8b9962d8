#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "infra/postgres/pool.hpp"
#include "infra/postgres/transaction.hpp"

namespace codelab::infra::postgres {

/// The server that keeps the directory of users, and some of the users.
inline constexpr std::string_view kMainShard = "main";

/// One of several servers that users are spread over.
struct ShardAddress {
  std::string name;
  std::string address;
  /// Empty: `address` migrates too.
  std::string migration_address = {};
};

struct DatabaseSettings {
  /// Whom the server works as: a login that is a member of codelab_serving and codelab_operator and owns nothing.
  std::string address;
  /// Who owns the tables; used at start only. Empty: `address` migrates too.
  std::string migration_address = {};
  /// Of this process to each server, divided over the cores, at least five for each core that has any; a quarter of a
  /// core's, and at least two, carry the reads. Three are the fewest.
  std::size_t connections = 16;
  /// Reads that share one connection at the same time.
  std::size_t reads_each = 32;
  ConnectionSettings connection = {};
  /// Its numbers of connections and leases are not used.
  PoolLimits pool = {};
  ServerTimeouts timeouts = {};
  /// Further servers that users are spread over; the one above is `main`.
  std::vector<ShardAddress> shards = {};

  bool sharded() const { return !shards.empty(); }
  /// `main` first.
  std::vector<ShardAddress> servers() const;
};

}  // namespace codelab::infra::postgres
