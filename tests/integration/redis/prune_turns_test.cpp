#include "infra/redis/prune_turns.hpp"

#include <gtest/gtest.h>

#include "infra/inprocess/prune_turns.hpp"
#include "tests/integration/redis/redis_fixture.hpp"

namespace codelab::tests {
namespace {

using infra::redis::RedisPruneTurns;
using std::chrono::milliseconds;

class RedisPruneTurnsTest : public testing::Test {
 protected:
  using Turn = std::unique_ptr<core::memory::PruneTurn>;

  /// A process with its turns.
  struct Process {
    Process(const RedisServer& server, RedisPruneTurns::Times times)
        : redis(redis_options(server.url())), turns(redis.clients, alone, times) {}

    CoreRunner::Running<Turn> start(const core::identity::UserScope& user, const base::AgentId& agent) {
      return redis.runner.start(turns.take(user, agent));
    }
    Turn take(const core::identity::UserScope& user, const base::AgentId& agent) { return start(user, agent).take(); }

    RedisProcess redis;
    infra::inprocess::InProcessPruneTurns alone;
    RedisPruneTurns turns;
  };

  RedisServer server_;
  Process here_{server_, {.kept = milliseconds(60'000), .waits = milliseconds(1)}};
  Process there_{server_, {.kept = milliseconds(60'000), .waits = milliseconds(1)}};
  Process patient_{server_, {.kept = milliseconds(60'000), .waits = milliseconds(20'000)}};
  const core::identity::UserScope user_ = core::identity::ScopeIssuer::open(base::UserId::generate());
  const base::AgentId agent_ = base::AgentId::generate();
};

TEST_F(RedisPruneTurnsTest, AreOneAtATimeOverAllProcesses) {
  auto turn = here_.take(user_, agent_);
  ASSERT_TRUE(turn);
  EXPECT_FALSE(there_.take(user_, agent_));
  EXPECT_FALSE(here_.take(user_, agent_));
  EXPECT_TRUE(there_.take(user_, base::AgentId::generate())) << "another agent's does not wait";
  auto waiting = patient_.start(user_, agent_);
  EXPECT_FALSE(waiting.ended());
  turn.reset();
  EXPECT_TRUE(waiting.take());
}

TEST_F(RedisPruneTurnsTest, LookAgainForThoseOfTheirProcess) {
  const auto turn = here_.take(user_, agent_);
  EXPECT_TRUE(turn->look());
  EXPECT_FALSE(here_.take(user_, agent_));
  EXPECT_TRUE(here_.redis.runner.run(turn->keep()));
  EXPECT_TRUE(turn->look());
  EXPECT_FALSE(turn->look());
}

TEST_F(RedisPruneTurnsTest, AreLostWhenTheyLastTooLong) {
  Process slow(server_, {.kept = milliseconds(500), .waits = milliseconds(1)});
  const auto lost = slow.take(user_, agent_);
  ASSERT_TRUE(lost);
  const auto taken = patient_.take(user_, agent_);
  ASSERT_TRUE(taken);
  EXPECT_TRUE(lost->look());
  EXPECT_FALSE(slow.take(user_, agent_));
  EXPECT_FALSE(slow.redis.runner.run(lost->keep()));
  EXPECT_FALSE(lost->look());
  EXPECT_TRUE(patient_.redis.runner.run(taken->keep()));
}

TEST_F(RedisPruneTurnsTest, AreEachProcesssOwnWhileRedisIsAway) {
  ASSERT_TRUE(here_.redis.ready() && there_.redis.ready());
  server_.stop();
  const auto one = here_.take(user_, agent_);
  const auto other = there_.take(user_, agent_);
  EXPECT_TRUE(one && other);
  EXPECT_FALSE(here_.take(user_, agent_));
}

}  // namespace
}  // namespace codelab::tests
