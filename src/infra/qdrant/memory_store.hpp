#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/cores.hpp"
#include "core/agents/ports.hpp"
#include "core/events/ports.hpp"
#include "core/memory/owned_memories.hpp"
#include "core/memory/ports.hpp"
#include "core/memory/prune_turns.hpp"
#include "infra/qdrant/client.hpp"
#include "infra/qdrant/collections.hpp"
#include "infra/qdrant/hang_guard.hpp"
#include "infra/qdrant/layout.hpp"
#include "infra/qdrant/options.hpp"
#include "infra/qdrant/points.hpp"
#include "infra/words/tokenizer.hpp"

namespace codelab::infra::qdrant {

/// Memories on a Qdrant server, 1.12 or later, over its REST interface. Agents and events stay in the relational store:
/// add() asks there for the agent, prune() appends there. Nothing is transactional across the two, so memories do not
/// go with their agent: core::memory::MemoryErasure drops them. Messages wait for add() and search(): those have little
/// time, and while Qdrant hangs they throw at once. Thread-safe. Destroyed after the cores have stopped,
/// before they are destroyed.
class QdrantMemoryStore final : public core::memory::MemoryStore, public core::memory::OwnedMemories {
 public:
  /// `options` are validated() ones; the references outlive it. Calls nobody yet.
  QdrantMemoryStore(Options options, base::Cores& cores, core::agents::AgentStore& agents,
                    core::events::OwnStream& own_stream, core::memory::PruneTurns& prune_turns);

  /// To be awaited at start: whether the server is there, new enough, takes the API key, and the collections that
  /// agents share are what they must be. Throws base::StoreError in words for an operator.
  base::Task<> prepare();

  base::Task<base::Result<core::memory::MemoryItem>> add(core::identity::UserScope scope, base::AgentId agent,
                                                         core::memory::NewMemory memory) override;
  base::Task<std::vector<core::memory::MemoryHit>> search(core::identity::UserScope scope, base::AgentId agent,
                                                          core::memory::MemoryQuery query) override;
  base::Task<core::Page<core::memory::MemoryItem>> list(core::identity::UserScope scope, base::AgentId agent,
                                                        core::PageRequest page) override;
  base::Task<bool> erase(core::identity::UserScope scope, base::AgentId agent, base::MemoryId memory) override;
  /// In slices, each of which appends its own MEMORY_PRUNED once its memories are gone. One that finds no turn returns
  /// 0. However many run at the same time, what is inside the bounds stays.
  base::Task<std::int64_t> prune(core::identity::UserScope scope, base::AgentId agent, core::memory::PruneRule rule,
                                 base::Timestamp now) override;
  base::Task<core::memory::MemoryStats> stats(core::identity::UserScope scope, base::AgentId agent) override;

  base::Task<> drop_agent(core::identity::UserScope scope, base::AgentId agent) override;
  base::Task<> drop_user(core::identity::UserScope scope) override;
  base::Task<std::vector<core::memory::MemoryOwner>> owners() override;

 private:
  /// Of what messages wait for.
  Deadline soon() const;
  base::Task<std::vector<core::memory::MemoryHit>> find(core::identity::UserScope scope, base::AgentId agent,
                                                        core::memory::MemoryQuery query);
  base::Task<bool> has_agent(core::identity::UserScope scope, base::AgentId agent);
  base::Task<bool> put(Place place, Space space, std::string point);
  base::Task<std::vector<Place>> places_of(core::identity::UserScope scope, base::AgentId agent);
  /// How many, in one look.
  base::Task<std::int64_t> prune_all(core::identity::UserScope scope, base::AgentId agent, std::vector<Place> places,
                                     core::memory::PruneRule rule, core::memory::PruneTurn& turn);
  base::Task<> tell_pruned(core::identity::UserScope scope, base::AgentId agent, std::int64_t count);
  base::Task<> drop(Place place);

  core::agents::AgentStore& agents_;
  core::events::OwnStream& own_stream_;
  core::memory::PruneTurns& prune_turns_;
  const std::unique_ptr<Layout> layout_;
  Client client_;
  Points points_;
  Collections collections_;
  words::Tokenizer tokenizer_;
  HangGuard hang_guard_;
};

}  // namespace codelab::infra::qdrant
