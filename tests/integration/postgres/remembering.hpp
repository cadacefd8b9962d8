#pragma once

#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/thread_pool.hpp>
#include <boost/json/object.hpp>
#include <fmt/format.h>

#include "infra/postgres/memory_store.hpp"
#include "tests/integration/postgres/served.hpp"

namespace codelab::infra::postgres {

/// More than an index keeps with their float32 vectors.
inline constexpr std::int64_t kManyVectors = static_cast<std::int64_t>(vectors::kKeptVectors) + 100;

/// A unit vector of two dimensions, at that angle in degrees.
inline core::models::Embedding at_angle(double degrees) {
  const double radians = degrees * std::acos(-1.0) / 180;
  return {"test-model", {static_cast<float>(std::cos(radians)), static_cast<float>(std::sin(radians))}};
}

inline core::memory::MemoryQuery query_for(std::string text, double degrees = 0) {
  return {.text = std::move(text), .embedding = at_angle(degrees)};
}

/// What one process has for its agents' memories.
class Remembering {
 public:
  static constexpr std::size_t kPlenty = std::size_t{1} << 30;

  explicit Remembering(Served& served, std::size_t index_bytes = kPlenty) : served_(served), indexes_(index_bytes) {}

  PostgresMemoryStore& store() { return store_; }
  const MemoryIndexes& indexes() const { return indexes_; }

  core::memory::NewMemory memory(std::string text, double degrees = 90, boost::json::object metadata = {}) {
    return {.item = {.id = base::MemoryId::generate(),
                     .text = std::move(text),
                     .metadata = std::move(metadata),
                     .created_at = served_.clock.now()},
            .embedding = at_angle(degrees)};
  }
  base::MemoryId remember(const core::identity::UserScope& user, const base::AgentId& agent, std::string text,
                          boost::json::object metadata = {}) {
    return tests::run_task(store_.add(user, agent, memory(std::move(text), 90, std::move(metadata)))).value().id;
  }
  base::MemoryId remember_at(const core::identity::UserScope& user, const base::AgentId& agent, std::string text,
                             double degrees) {
    return tests::run_task(store_.add(user, agent, memory(std::move(text), degrees))).value().id;
  }
  std::vector<std::string> found(const core::identity::UserScope& user, const base::AgentId& agent,
                                 core::memory::MemoryQuery query) {
    std::vector<std::string> texts;
    for (const auto& hit : tests::run_task(store_.search(user, agent, std::move(query)))) {
      texts.push_back(hit.memory.text);
    }
    return texts;
  }

 private:
  Served& served_;
  MemoryIndexes indexes_;
  boost::asio::thread_pool threads_{2};
  PostgresMemoryStore store_{served_.database(), indexes_, threads_};
};

/// Gives an agent that has a memory `count` more of the same vector space, at 270 degrees, all at once.
inline void fill_collection(const tests::PostgresDatabase& data, const base::AgentId& agent, std::int64_t count) {
  const auto sql = fmt::format(
      "SET auto_explain.log_min_duration = -1; "
      "INSERT INTO memories SELECT user_id, agent_id, gen_random_uuid(), last_position + n, 'note', embedding_model, "
      "dimension, 0, 4, '{{}}', 'bulk' FROM memory_collections JOIN memory_counters USING (user_id, agent_id), "
      "generate_series(1, {1}) AS n WHERE agent_id = '{0}'; "
      "INSERT INTO memory_vectors SELECT user_id, agent_id, id, '\\x00000000000080bf' FROM memories "
      "WHERE agent_id = '{0}' AND text = 'bulk'; "
      "UPDATE memory_collections SET items = items + {1}, text_bytes = text_bytes + 4 * {1} WHERE agent_id = '{0}'; "
      "UPDATE memory_counters SET last_position = last_position + {1} WHERE agent_id = '{0}'",
      agent.str(), count);
  tests::query_postgres(data.superuser(), sql);
}

}  // namespace codelab::infra::postgres
