#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include <boost/json/object.hpp>

#include "base/clock.hpp"
#include "base/describe/fields.hpp"
#include "base/ids.hpp"
#include "base/result.hpp"

namespace codelab::core::agents {

struct MemoryConfig {
  bool enabled = true;
  std::int64_t top_k = 5;
  double min_score = 0.2;
  std::int64_t max_items = 10'000;
  std::int64_t max_age_days = 0;

  static constexpr std::string_view kName = "MemoryConfig";
  static constexpr auto describe() {
    using base::field;
    return base::fields(
        field("enabled", &MemoryConfig::enabled, {.doc = "Search before and store after each answer."}),
        field("top_k", &MemoryConfig::top_k, {.minimum = 1, .maximum = 50, .doc = "Memories put into the prompt."}),
        field("min_score", &MemoryConfig::min_score,
              {.minimum = 0, .maximum = 1, .doc = "Weaker matches are left out."}),
        field("max_items", &MemoryConfig::max_items,
              {.minimum = 1, .maximum = 5'000'000, .doc = "Past it the oldest memories are pruned."}),
        field("max_age_days", &MemoryConfig::max_age_days,
              {.minimum = 0, .maximum = 36'500, .doc = "Older memories are pruned; 0 keeps them."}));
  }
};

struct AgentConfig {
  std::string system_prompt = "You are a helpful assistant.";
  std::string model;
  double temperature = 0.7;
  std::int64_t max_tokens = 0;
  std::vector<std::string> tools;
  MemoryConfig memory;
  std::int64_t concurrency_limit = 3;
  boost::json::object metadata;

  static constexpr std::string_view kName = "AgentConfig";
  static constexpr auto describe() {
    using base::field;
    return base::fields(
        field("system_prompt", &AgentConfig::system_prompt, {.max_length = 65'536}),
        field("model", &AgentConfig::model, {.max_length = 200, .doc = "Empty: the server's default model."}),
        field("temperature", &AgentConfig::temperature, {.minimum = 0, .maximum = 2}),
        field("max_tokens", &AgentConfig::max_tokens,
              {.minimum = 0, .maximum = 1'000'000, .doc = "Bound of one answer; 0: the model's own."}),
        field("tools", &AgentConfig::tools,
              {.max_length = 128, .doc = "Names of tools that its model may call: ask_agent, memory_search."}),
        field("memory", &AgentConfig::memory),
        field("concurrency_limit", &AgentConfig::concurrency_limit,
              {.minimum = 1, .maximum = 10, .doc = "Tasks at the same time; up to 100 more wait."}),
        field("metadata", &AgentConfig::metadata, {.doc = "Yours; kept as it is."}));
  }
};

enum class AgentStatus : std::uint8_t { active };

struct Agent {
  base::AgentId id;
  std::string name;
  AgentStatus status = AgentStatus::active;
  AgentConfig config;
  base::Timestamp created_at;
  base::Timestamp updated_at;

  static constexpr std::string_view kName = "Agent";
  static constexpr bool kAnswer = true;
  static constexpr auto describe() {
    using base::field;
    return base::fields(field("id", &Agent::id), field("name", &Agent::name), field("status", &Agent::status),
                        field("config", &Agent::config), field("created_at", &Agent::created_at),
                        field("updated_at", &Agent::updated_at));
  }
};

/// How a caller names an agent: by its id or by its name. A name is never shaped like a UUID, so the two cannot meet.
struct AgentRef {
  std::optional<base::AgentId> id;
  std::string name;

  static AgentRef parse(std::string_view text);
};

/// 1-64 of letters, digits, `_` and `-`, not shaped like a UUID; otherwise says what is wrong.
std::optional<std::string> fault_of_agent_name(std::string_view name);

}  // namespace codelab::core::agents

template <>
struct codelab::base::EnumNames<codelab::core::agents::AgentStatus> {
  static constexpr std::array<std::string_view, 1> kNames{"active"};
};
