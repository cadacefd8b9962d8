#pragma once

#include <functional>
#include <utility>
#include <vector>

#include "core/memory/ports.hpp"
#include "tests/unit/fakes/gate.hpp"

namespace codelab::tests {

/// Keeps memories in a list and finds every one of them, with full score. For one user, one agent and one thread.
class InMemoryMemoryStore final : public core::memory::MemoryStore {
 public:
  using UserScope = core::identity::UserScope;
  using MemoryItem = core::memory::MemoryItem;

  /// Run before each add() and search(); may throw as a store does that is away.
  std::function<void()> before;
  /// Passed by each add().
  Gate adding;
  std::vector<MemoryItem> items;

  base::Task<base::Result<MemoryItem>> add(UserScope, base::AgentId, core::memory::NewMemory memory) override {
    if (before) before();
    co_await adding.pass();
    items.push_back(memory.item);
    co_return memory.item;
  }
  base::Task<std::vector<core::memory::MemoryHit>> search(UserScope, base::AgentId,
                                                          core::memory::MemoryQuery) override {
    if (before) before();
    std::vector<core::memory::MemoryHit> found;
    for (const MemoryItem& item : items)
      found.push_back({.memory = item, .score = 1, .parts = {.semantic = 1, .lexical = 1}});
    co_return found;
  }
  base::Task<core::Page<MemoryItem>> list(UserScope, base::AgentId, core::PageRequest) override {
    core::Page<MemoryItem> page;
    page.items = items;
    co_return page;
  }
  base::Task<bool> erase(UserScope, base::AgentId, base::MemoryId memory) override {
    co_return std::erase_if(items, [&](const MemoryItem& each) { return each.id == memory; }) > 0;
  }
  base::Task<std::int64_t> prune(UserScope, base::AgentId, core::memory::PruneRule, base::Timestamp) override {
    co_return 0;
  }
  base::Task<core::memory::MemoryStats> stats(UserScope, base::AgentId) override {
    co_return core::memory::MemoryStats{.count = static_cast<std::int64_t>(items.size())};
  }
};

}  // namespace codelab::tests
