#pragma once

#include <string>
#include <utility>
#include <vector>

#include <boost/json/value.hpp>

#include "base/clock.hpp"
#include "core/agents/agent_listener.hpp"
#include "core/agents/ports.hpp"
#include "core/cache/ports.hpp"

namespace codelab::core::agents {

/// What a caller says of a new agent, or of one that it replaces.
struct AgentDefinition {
  std::string name;
  AgentConfig config;

  static constexpr std::string_view kName = "AgentDefinition";
  static constexpr auto describe() {
    using base::field;
    return base::fields(field("name", &AgentDefinition::name,
                              {.required = true, .doc = "1-64 of letters, digits, _ and -, unique among your agents."}),
                        field("config", &AgentDefinition::config));
  }
};

/// What a PATCH may change; what it leaves out stays, inside `config` too.
struct AgentChanges {
  std::string name;
  AgentConfig config;

  static constexpr std::string_view kName = "AgentChanges";
  static constexpr bool kChange = true;
  static constexpr auto describe() {
    using base::field;
    return base::fields(field("name", &AgentChanges::name), field("config", &AgentChanges::config));
  }
};

/// What a call of an agent needs to know of it.
struct CallableAgent {
  base::AgentId id;
  std::string name;
  AgentConfig config;

  static constexpr std::string_view kName = "CallableAgent";
  static constexpr auto describe() {
    using base::field;
    return base::fields(field("id", &CallableAgent::id), field("name", &CallableAgent::name),
                        field("config", &CallableAgent::config));
  }
};

/// Creates, reads, changes and deletes one user's agents. Reads are cached for five minutes; a change is visible to
/// the very next read. Thread-safe.
class AgentRegistry {
 public:
  /// All of it outlives this object; `listeners` hold no null.
  AgentRegistry(AgentStore& store, cache::Cache& cache, const base::Clock& clock,
                std::vector<AgentListener*> listeners = {})
      : store_(store), cache_(cache), clock_(clock), listeners_(std::move(listeners)) {}

  base::Task<Page<Agent>> list(identity::UserScope scope, PageRequest page);
  /// The agent's public JSON. Errors: agent_not_found.
  base::Task<base::Result<std::string>> find_json(identity::UserScope scope, AgentRef ref);
  /// Errors: agent_not_found.
  base::Task<base::Result<CallableAgent>> find(identity::UserScope scope, AgentRef ref);
  /// Errors: validation_failed, name_taken.
  base::Task<base::Result<Agent>> create(identity::UserScope scope, AgentDefinition definition);
  /// `changes` is the JSON of an AgentChanges. Errors: validation_failed, name_taken, agent_not_found, state_conflict.
  base::Task<base::Result<Agent>> patch(identity::UserScope scope, AgentRef ref, boost::json::value changes);
  base::Task<base::Result<Agent>> replace(identity::UserScope scope, AgentRef ref, AgentDefinition definition);
  /// The agent that was deleted: store, cache and listeners learn of it together, even when the request that asked for
  /// it is cancelled meanwhile. Errors: agent_not_found.
  base::Task<base::Result<base::AgentId>> erase(identity::UserScope scope, AgentRef ref);

 private:
  /// `write`, and then the cache forgets what it has of that user, whatever became of it: one that threw or was
  /// cancelled may have been done.
  template <class T>
  base::Task<T> written(identity::UserScope scope, base::Task<T> write);
  base::Task<base::Result<Agent>> store_changed(identity::UserScope scope, Agent agent, AgentDefinition definition);

  AgentStore& store_;
  cache::Cache& cache_;
  const base::Clock& clock_;
  std::vector<AgentListener*> listeners_;
};

}  // namespace codelab::core::agents
