#pragma once

#include <optional>
#include <string>
#include <vector>

#include <boost/json/object.hpp>

#include "base/result.hpp"
#include "base/task.hpp"
#include "core/identity/user_scope.hpp"
#include "core/memory/memory.hpp"
#include "core/models/ports.hpp"
#include "core/page.hpp"

/// What memory needs from outside.
namespace codelab::core::memory {

struct NewMemory {
  MemoryItem item;
  models::Embedding embedding;
};

struct MemoryQuery {
  std::string text;
  models::Embedding embedding;
  /// How many candidates are wanted from each of the two lists, the nearest and the best by words.
  std::int64_t candidates = 20;
  /// How many of those are wanted, fused, and how well they must score (see fusion.hpp).
  std::int64_t top_k = 20;
  double min_score = 0;
  /// Metadata that a memory must hold, key by key and equal; empty lets all pass.
  boost::json::object filter;
};

/// One agent's memories: vectors, texts and their two indexes. Thread-safe; a store that is away throws.
class MemoryStore {
 public:
  virtual ~MemoryStore() = default;
  /// One whose id is there already is left as it is. Errors: agent_not_found.
  virtual base::Task<base::Result<MemoryItem>> add(identity::UserScope scope, base::AgentId agent,
                                                   NewMemory memory) = 0;
  /// Best first, by the rule in fusion.hpp.
  virtual base::Task<std::vector<MemoryHit>> search(identity::UserScope scope, base::AgentId agent,
                                                    MemoryQuery query) = 0;
  /// Newest first.
  virtual base::Task<Page<MemoryItem>> list(identity::UserScope scope, base::AgentId agent, PageRequest page) = 0;
  virtual base::Task<bool> erase(identity::UserScope scope, base::AgentId agent, base::MemoryId memory) = 0;
  /// How many were forgotten. Appends MEMORY_PRUNED to the user's own stream when any were.
  virtual base::Task<std::int64_t> prune(identity::UserScope scope, base::AgentId agent, PruneRule rule,
                                         base::Timestamp now) = 0;
  virtual base::Task<MemoryStats> stats(identity::UserScope scope, base::AgentId agent) = 0;
};

}  // namespace codelab::core::memory
