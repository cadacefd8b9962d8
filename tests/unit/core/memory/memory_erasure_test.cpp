#include "core/memory/memory_erasure.hpp"

#include <algorithm>

#include <gtest/gtest.h>

#include "base/store_error.hpp"
#include "tests/unit/fakes/hand_loop.hpp"
#include "tests/unit/fakes/in_memory_agent_store.hpp"

namespace codelab::core::memory {
namespace {

using identity::ScopeIssuer;
using identity::UserScope;

/// Remembers whose memories it has; away for the next `failures` calls.
class FakeMemories final : public OwnedMemories {
 public:
  base::Task<> drop_agent(UserScope scope, base::AgentId agent) override {
    fail_if_away();
    std::erase_if(has, [&](const MemoryOwner& each) { return each.user == scope.user() && each.agent == agent; });
    co_return;
  }
  base::Task<> drop_user(UserScope scope) override {
    fail_if_away();
    std::erase_if(has, [&](const MemoryOwner& each) { return each.user == scope.user(); });
    co_return;
  }
  base::Task<std::vector<MemoryOwner>> owners() override {
    fail_if_away();
    co_return has;
  }

  std::vector<MemoryOwner> has;
  int failures = 0;

 private:
  void fail_if_away() {
    if (failures-- > 0) throw base::StoreError("away");
  }
};

class MemoryErasureTest : public testing::Test {
 protected:
  base::AgentId agent_of(const UserScope& user, bool exists) {
    const auto id = base::AgentId::generate();
    memories.has.push_back({user.user(), id});
    if (exists) EXPECT_TRUE(loop.run(agents.create(user, {.id = id, .name = id.str()})));
    return id;
  }
  void settle() {
    loop.run_until([&] { return work.size() == 0; });
  }

  FakeMemories memories;
  tests::InMemoryAgentStore agents;
  tests::HandLoop loop;
  base::TaskGroup work{"test"};
  MemoryErasure erasure{{memories, agents, loop.cores(), work},
                        {.first = std::chrono::milliseconds(1), .last = std::chrono::milliseconds(2)}};
  const UserScope ann = ScopeIssuer::open(base::UserId::generate());
  const UserScope bob = ScopeIssuer::open(base::UserId::generate());
};

TEST_F(MemoryErasureTest, an_erased_agents_memories_go_though_the_store_is_away_at_first) {
  const auto gone = agent_of(ann, true);
  agent_of(ann, true);
  memories.failures = 3;
  erasure.agent_erased(ann, gone);
  settle();
  ASSERT_EQ(memories.has.size(), 1);
  EXPECT_NE(memories.has[0].agent, gone);
}

TEST_F(MemoryErasureTest, an_erased_users_memories_go) {
  agent_of(ann, true);
  agent_of(ann, true);
  agent_of(bob, true);
  erasure.user_erased(ann.user());
  settle();
  ASSERT_EQ(memories.has.size(), 1);
  EXPECT_EQ(memories.has[0].user, bob.user());
}

TEST_F(MemoryErasureTest, the_start_drops_what_belongs_to_no_agent) {
  const auto kept = agent_of(ann, true);
  agent_of(ann, false);
  agent_of(bob, false);
  memories.failures = 2;
  erasure.start();
  settle();
  ASSERT_EQ(memories.has.size(), 1);
  EXPECT_EQ(memories.has[0].agent, kept);
}

TEST_F(MemoryErasureTest, an_agent_of_another_user_does_not_keep_memories) {
  const auto id = agent_of(ann, true);
  memories.has = {{bob.user(), id}};
  EXPECT_EQ(loop.run(erasure.reconcile()), 1);
  EXPECT_TRUE(memories.has.empty());
}

TEST_F(MemoryErasureTest, a_stop_cuts_off_what_still_tries) {
  memories.failures = 1'000'000;
  erasure.agent_erased(ann, agent_of(ann, true));
  loop.settle();
  EXPECT_EQ(work.size(), 1);
  work.cancel();
  settle();
  EXPECT_EQ(memories.has.size(), 1);
}

}  // namespace
}  // namespace codelab::core::memory
