#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/log.hpp"
#include "config/shards.hpp"

namespace codelab::config {

/// An OpenAI-compatible server. An empty address means that the built-in offline model does the work.
struct Provider {
  std::string base_url;
  std::string api_key;
  std::string model;
};

/// Everything that can be set, as read and checked. What each one means and may be stands in properties.cpp, once.
struct Settings {
  std::string host = "127.0.0.1";
  std::int64_t port = 8080;
  std::string metrics_host = "127.0.0.1";
  /// Negative: the port of the API.
  std::int64_t metrics_port = -1;
  std::int64_t threads = 0;
  std::string data_dir = "data";
  std::string log_level = "info";

  std::string database_url;
  std::string database_migration_url;
  std::string database_shards;
  std::string database_shard_migration_urls;
  std::int64_t database_connections = 16;
  std::string database_prepared_statements = "on";
  std::string redis_url;
  std::string redis_ca_file;
  std::string qdrant_url;
  std::string qdrant_api_key;
  std::string qdrant_ca_file;
  std::string qdrant_layout = "tenant";
  std::int64_t qdrant_search_seconds = 2;

  Provider llm;
  std::int64_t llm_deadline_seconds = 120;
  std::int64_t llm_first_token_seconds = 60;
  std::int64_t llm_max_in_flight = 64;
  std::int64_t llm_context_tokens = 16'384;
  Provider embedding;
  std::string weights_dir;
  std::string prices_file;

  std::string jwt_secrets;
  std::string registration = "open";
  std::int64_t rate_limit_per_minute = 100;
  std::string cors_origins;
  std::string trusted_proxies;
  std::int64_t drain_delay_seconds = 0;

  std::int64_t stream_heartbeat_seconds = 30;
  std::int64_t max_body_bytes = 1 << 20;
  std::int64_t max_connections = 10'000;
  std::int64_t max_running_tasks = 4'096;
  std::int64_t max_queue_seconds = 1'800;
  std::int64_t max_tool_calls = 16;
  std::int64_t max_task_tokens = 200'000;
  std::int64_t max_ask_depth = 3;
  std::int64_t ask_seconds = 300;
  std::int64_t approval_seconds = 86'400;
  std::int64_t request_timeout_seconds = 30;
  std::int64_t memory_index_mb = 1'024;

  base::log::Level parsed_log_level() const;
  bool metrics_apart() const { return metrics_port >= 0; }
  /// As database_shards and database_shard_migration_urls name them.
  std::vector<Shard> shards() const;
  bool registration_open() const { return registration == "open"; }
};

}  // namespace codelab::config
