#pragma once

#include <optional>
#include <string>

#include "core/agents/registry.hpp"
#include "core/memory/agent_memory.hpp"
#include "http/api_request.hpp"

namespace codelab::http::handlers {

struct NewMemoryBody {
  std::string text;
  boost::json::object metadata;

  static constexpr std::string_view kName = "NewMemory";
  static constexpr auto describe() {
    using base::field;
    return base::fields(field("text", &NewMemoryBody::text, {.required = true, .min_length = 1, .max_length = 65'536}),
                        field("metadata", &NewMemoryBody::metadata, {.doc = "Yours; a search can filter by it."}));
  }
};

struct PruneBody {
  std::optional<std::int64_t> max_items;
  std::optional<std::int64_t> max_age_days;

  static constexpr std::string_view kName = "PruneMemory";
  static constexpr auto describe() {
    using base::field;
    return base::fields(
        field("max_items", &PruneBody::max_items,
              {.minimum = 0, .maximum = 5'000'000, .doc = "The newest so many are kept; 0 keeps none."}),
        field("max_age_days", &PruneBody::max_age_days,
              {.minimum = 0, .maximum = 36'500, .doc = "Older memories are pruned; 0 keeps them."}));
  }
};

struct PruneAnswer {
  std::int64_t pruned = 0;

  static constexpr std::string_view kName = "PrunedMemory";
  static constexpr bool kAnswer = true;
  static constexpr auto describe() { return base::fields(base::field("pruned", &PruneAnswer::pruned)); }
};

/// /my/agents/{agent}/memory/*.
class MemoryHandlers {
 public:
  MemoryHandlers(core::agents::AgentRegistry& agents, core::memory::AgentMemory& memory,
                 core::memory::MemoryStore& store, const base::Clock& clock)
      : agents_(agents), memory_(memory), store_(store), clock_(clock) {}

  base::Task<Response> list(UserRequest request);
  base::Task<Response> search(UserRequest request);
  base::Task<Response> add(UserRequest request, NewMemoryBody body);
  base::Task<Response> erase(UserRequest request);
  /// Without a bound in the body the agent's own bounds apply.
  base::Task<Response> prune(UserRequest request, std::optional<PruneBody> bounds);
  base::Task<Response> stats(UserRequest request);

 private:
  base::Task<base::Result<core::agents::CallableAgent>> agent_of(const UserRequest& request);

  core::agents::AgentRegistry& agents_;
  core::memory::AgentMemory& memory_;
  core::memory::MemoryStore& store_;
  const base::Clock& clock_;
};

}  // namespace codelab::http::handlers
