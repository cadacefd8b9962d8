#pragma once

#include <string>

#include "config/settings.hpp"

/// What an operator does with the databases that users are spread over, while the processes serve. Each returns an exit
/// status and prints what it did, or what was wrong.
namespace codelab::app {

struct ShardOptions {
  /// An e-mail address or an id.
  std::string user;
  std::string shard;
};

int list_shards(const config::Settings& settings);
int move_user(const config::Settings& settings, const ShardOptions& options);

}  // namespace codelab::app
