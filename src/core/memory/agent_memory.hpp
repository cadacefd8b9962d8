#pragma once

#include <string>
#include <vector>

#include "base/clock.hpp"
#include "core/agents/agent.hpp"
#include "core/memory/ports.hpp"

namespace codelab::core::memory {

struct Search {
  std::string text;
  std::int64_t top_k = 5;
  double min_score = 0;
  boost::json::object filter;
};

struct Remember {
  /// New, unless it may be told to remember the same twice.
  base::MemoryId id = base::MemoryId::generate();
  MemoryKind kind = MemoryKind::note;
  std::string text;
  boost::json::object metadata;
};

/// An agent's semantic memory: hybrid search over what it stored, and what it stores. Thread-safe.
/// Errors of search() and remember(): those of the embedder, and agent_not_found.
class AgentMemory {
 public:
  AgentMemory(MemoryStore& store, models::Embedder& embedder, const base::Clock& clock)
      : store_(store), embedder_(embedder), clock_(clock) {}

  base::Task<base::Result<std::vector<MemoryHit>>> search(identity::UserScope scope, base::AgentId agent,
                                                          Search search);
  base::Task<base::Result<MemoryItem>> remember(identity::UserScope scope, base::AgentId agent, Remember what);
  /// Applies the agent's own bounds of age and count.
  base::Task<std::int64_t> prune(identity::UserScope scope, base::AgentId agent, agents::MemoryConfig bounds);
  /// The same, to be called after each memory that is stored: bounds under a thousand are kept exactly, larger ones to
  /// within some dozens, for only now and then does it look.
  base::Task<> keep_bounds(identity::UserScope scope, base::AgentId agent, agents::MemoryConfig bounds,
                           base::MemoryId stored);

 private:
  base::Task<base::Result<models::Embedding>> embed(std::string text);

  MemoryStore& store_;
  models::Embedder& embedder_;
  const base::Clock& clock_;
};

/// `text` cut to at most `bytes`, at the end of a whole UTF-8 sequence.
std::string_view utf8_prefix(std::string_view text, std::size_t bytes);

}  // namespace codelab::core::memory
