#include "config/properties.hpp"

namespace codelab::config {
namespace {

using S = Settings;

const std::vector<Property>& table() {
  static const std::vector<Property> all{
      {"server.host", "CODELAB_HOST", "", "Address to listen on.",
       TextRule{[](S& s) -> std::string& { return s.host; }}},
      {"server.port", "CODELAB_PORT", "", "Port to listen on; 0 picks a free one and logs it.",
       NumberRule{[](S& s) -> std::int64_t& { return s.port; }, 0, 65'535}},
      {"server.metrics_host", "CODELAB_METRICS_HOST", "", "Address of server.metrics_port.",
       TextRule{[](S& s) -> std::string& { return s.metrics_host; }}},
      {"server.metrics_port", "CODELAB_METRICS_PORT", "",
       "Port that answers /metrics and nothing else; 0 picks a free one and logs it. -1: server.port answers it.",
       NumberRule{[](S& s) -> std::int64_t& { return s.metrics_port; }, -1, 65'535}},
      {"server.threads", "CODELAB_THREADS", "", "Event loops; 0 is one for each core.",
       NumberRule{[](S& s) -> std::int64_t& { return s.threads; }, 0, 256}},
      {"server.max_connections", "CODELAB_MAX_CONNECTIONS", "", "Connections at once; the next ones get 503.",
       NumberRule{[](S& s) -> std::int64_t& { return s.max_connections; }, 1, 1'000'000}},
      {"server.max_body_bytes", "CODELAB_MAX_BODY_BYTES", "", "Largest request body; larger ones get 413.",
       NumberRule{[](S& s) -> std::int64_t& { return s.max_body_bytes; }, 1'024, 1 << 30}},
      {"server.request_timeout_seconds", "CODELAB_REQUEST_TIMEOUT_SECONDS", "",
       "A request must have arrived whole in this time; slower ones get 408.",
       NumberRule{[](S& s) -> std::int64_t& { return s.request_timeout_seconds; }, 1, 3'600}},
      {"server.cors_origins", "CODELAB_CORS_ORIGINS", "",
       "Web origins that may call the API, separated by commas; * allows any.",
       TextRule{[](S& s) -> std::string& { return s.cors_origins; }}},
      {"server.trusted_proxies", "CODELAB_TRUSTED_PROXIES", "",
       "Addresses and networks of fronts, separated by commas, whose X-Forwarded-For says who asks at /auth.",
       TextRule{[](S& s) -> std::string& { return s.trusted_proxies; }}},
      {"server.drain_delay_seconds", "CODELAB_DRAIN_DELAY_SECONDS", "",
       "After SIGTERM readiness says `draining` for so long before requests are refused, so that a front notices "
       "first; "
       "another SIGTERM ends it.",
       NumberRule{[](S& s) -> std::int64_t& { return s.drain_delay_seconds; }, 0, 300}},
      {"server.rate_limit_per_minute", "CODELAB_RATE_LIMIT_PER_MINUTE", "",
       "Requests a minute for each user, and for each address at /auth; 0 is off.",
       NumberRule{[](S& s) -> std::int64_t& { return s.rate_limit_per_minute; }, 0, 1'000'000}},
      {"server.stream_heartbeat_seconds", "CODELAB_STREAM_HEARTBEAT_SECONDS", "",
       "Silence after which a stream sends a HEARTBEAT.",
       NumberRule{[](S& s) -> std::int64_t& { return s.stream_heartbeat_seconds; }, 1, 3'600}},
      {"server.max_running_tasks", "CODELAB_MAX_RUNNING_TASKS", "",
       "Tasks that run or wait at once in this process; past it posts get 503.",
       NumberRule{[](S& s) -> std::int64_t& { return s.max_running_tasks; }, 1, 1'000'000}},
      {"server.max_queue_seconds", "CODELAB_MAX_QUEUE_SECONDS", "",
       "A task that has waited for its agent for so long fails as overloaded.",
       NumberRule{[](S& s) -> std::int64_t& { return s.max_queue_seconds; }, 1, 86'400}},
      {"server.log_level", "CODELAB_LOG_LEVEL", "", "Least severity that is logged.",
       TextRule{[](S& s) -> std::string& { return s.log_level; }, {"debug", "info", "warning", "error"}}},

      {"storage.data_dir", "CODELAB_DATA_DIR", "", "Folder of the embedded database and the generated secret.",
       TextRule{[](S& s) -> std::string& { return s.data_dir; }}},
      {"storage.database_url", "CODELAB_DATABASE_URL", "",
       "PostgreSQL, as postgresql://user@host/database or in libpq's keywords. Empty: SQLite in the data folder.",
       TextRule{[](S& s) -> std::string& { return s.database_url; }}},
      {"storage.database_migration_url", "CODELAB_DATABASE_MIGRATION_URL", "",
       "The same database as its owner, who changes the schema at start. Empty: database_url does.",
       TextRule{[](S& s) -> std::string& { return s.database_migration_url; }}},
      {"storage.database_shards", "CODELAB_DATABASE_SHARDS", "",
       "Further databases that users are spread over, as name=address;name=address. database_url is the one named "
       "main.",
       TextRule{[](S& s) -> std::string& { return s.database_shards; }}},
      {"storage.database_shard_migration_urls", "CODELAB_DATABASE_SHARD_MIGRATION_URLS", "",
       "The same databases as their owners, by the same names. One that is not here: its address in database_shards "
       "does.",
       TextRule{[](S& s) -> std::string& { return s.database_shard_migration_urls; }}},
      {"storage.database_connections", "CODELAB_DATABASE_CONNECTIONS", "",
       "Connections of this process to each PostgreSQL database; requests wait for one, and get 503 when none comes "
       "free in 3 s.",
       NumberRule{[](S& s) -> std::int64_t& { return s.database_connections; }, 2, 1'000}},
      {"storage.database_prepared_statements", "CODELAB_DATABASE_PREPARED_STATEMENTS", "",
       "off for a PgBouncer in transaction mode that keeps none.",
       TextRule{[](S& s) -> std::string& { return s.database_prepared_statements; }, {"on", "off"}}},
      {"storage.redis_url", "CODELAB_REDIS_URL", "",
       "redis://, rediss:// (TLS), redis+sentinel:// or redis+cluster://; with it many processes are one server. "
       "Empty: this process is alone.",
       TextRule{[](S& s) -> std::string& { return s.redis_url; }}},
      {"storage.redis_ca_file", "CODELAB_REDIS_CA_FILE", "",
       "PEM file of the authorities that vouch for Redis. Empty: those of the system.",
       TextRule{[](S& s) -> std::string& { return s.redis_ca_file; }}},
      {"storage.qdrant_url", "CODELAB_QDRANT_URL", "",
       "Qdrant 1.12 or later, as http://host:6333, for agents' memories. Empty: they are kept in the database.",
       TextRule{[](S& s) -> std::string& { return s.qdrant_url; }}},
      {"storage.qdrant_api_key", "CODELAB_QDRANT_API_KEY", "", "Its key.",
       TextRule{[](S& s) -> std::string& { return s.qdrant_api_key; }}},
      {"storage.qdrant_ca_file", "CODELAB_QDRANT_CA_FILE", "",
       "PEM file of the authorities that vouch for Qdrant. Empty: those of the system.",
       TextRule{[](S& s) -> std::string& { return s.qdrant_ca_file; }}},
      {"storage.qdrant_layout", "CODELAB_QDRANT_LAYOUT", "",
       "tenant: all agents share a collection for each embedding model. collection: one for each agent, for up to a "
       "thousand agents.",
       TextRule{[](S& s) -> std::string& { return s.qdrant_layout; }, {"tenant", "collection"}}},
      {"storage.memory_index_mb", "CODELAB_MEMORY_INDEX_MB", "",
       "Memory for search indexes of agents' memories; the least used are dropped and built again when needed.",
       NumberRule{[](S& s) -> std::int64_t& { return s.memory_index_mb; }, 16, 1 << 20}},

      {"llm.base_url", "CODELAB_LLM_BASE_URL", "OPENAI_BASE_URL",
       "OpenAI-compatible server, with /v1. Empty without a key: the offline model; with one: OpenAI.",
       TextRule{[](S& s) -> std::string& { return s.llm.base_url; }}},
      {"llm.api_key", "CODELAB_LLM_API_KEY", "OPENAI_API_KEY", "Its key.",
       TextRule{[](S& s) -> std::string& { return s.llm.api_key; }}},
      {"llm.model", "CODELAB_LLM_MODEL", "", "The model for agents that name none. Empty with a provider: gpt-4o-mini.",
       TextRule{[](S& s) -> std::string& { return s.llm.model; }}},
      {"llm.deadline_seconds", "CODELAB_LLM_DEADLINE_SECONDS", "",
       "A call must be over in this time, retries included.",
       NumberRule{[](S& s) -> std::int64_t& { return s.llm_deadline_seconds; }, 1, 3'600}},
      {"llm.first_token_seconds", "CODELAB_LLM_FIRST_TOKEN_SECONDS", "", "An answer must begin in this time.",
       NumberRule{[](S& s) -> std::int64_t& { return s.llm_first_token_seconds; }, 1, 3'600}},
      {"llm.max_in_flight", "CODELAB_LLM_MAX_IN_FLIGHT", "", "Calls to the provider at once; more wait.",
       NumberRule{[](S& s) -> std::int64_t& { return s.llm_max_in_flight; }, 1, 10'000}},
      {"llm.context_tokens", "CODELAB_LLM_CONTEXT_TOKENS", "",
       "Tokens of prompt and answer together; the oldest history is left out past it.",
       NumberRule{[](S& s) -> std::int64_t& { return s.llm_context_tokens; }, 512, 10'000'000}},
      {"llm.prices_file", "CODELAB_PRICES_FILE", "",
       "TOML file of prices over the built-in table: [models.\"name\"] prompt = USD, completion = USD per 1M tokens.",
       TextRule{[](S& s) -> std::string& { return s.prices_file; }}},

      {"embedding.base_url", "CODELAB_EMBEDDING_BASE_URL", "OPENAI_BASE_URL",
       "OpenAI-compatible server for embeddings, with /v1. Empty without a key: the offline embedder.",
       TextRule{[](S& s) -> std::string& { return s.embedding.base_url; }}},
      {"embedding.api_key", "CODELAB_EMBEDDING_API_KEY", "OPENAI_API_KEY", "Its key.",
       TextRule{[](S& s) -> std::string& { return s.embedding.api_key; }}},
      {"embedding.model", "CODELAB_EMBEDDING_MODEL", "",
       "Its model; empty with a provider: text-embedding-3-small. Offline: auto, sentences or hashing.",
       TextRule{[](S& s) -> std::string& { return s.embedding.model; }}},
      {"embedding.weights_dir", "CODELAB_WEIGHTS_DIR", "",
       "Weights of the offline sentence encoder. Empty: the folder `models` beside the program, or one above it.",
       TextRule{[](S& s) -> std::string& { return s.weights_dir; }}},

      {"auth.jwt_secrets", "CODELAB_JWT_SECRETS", "",
       "kid:secret,kid:secret; the first signs, all verify. Empty: one is made in the data folder.",
       TextRule{[](S& s) -> std::string& { return s.jwt_secrets; }}},
      {"auth.registration", "CODELAB_REGISTRATION", "", "Whether strangers may register.",
       TextRule{[](S& s) -> std::string& { return s.registration; }, {"open", "closed"}}},
  };
  return all;
}

}  // namespace

std::span<const Property> properties() { return table(); }

}  // namespace codelab::config
