#include <gtest/gtest.h>

#include "tests/contract/stores.hpp"

namespace codelab::tests {
namespace {

using core::orchestration::Orchestrator;
using core::orchestration::OrchestratorConfig;

class OrchestratorStoreContract : public StoreContract {
 protected:
  Orchestrator fresh() {
    return {.id = base::AgentId::generate(), .created_at = clock.now(), .updated_at = clock.now()};
  }
};

CODELAB_OVER_EVERY_STORE(OrchestratorStoreContract);

TEST_P(OrchestratorStoreContract, IsMadeOnceAndKept) {
  const auto user = new_user();
  const auto first = run_task(stores->orchestrators().open(user, fresh()));
  const auto again = run_task(stores->orchestrators().open(user, fresh()));
  EXPECT_EQ(again.id, first.id);
  EXPECT_EQ(again.created_at, first.created_at);
  EXPECT_TRUE(again.config.enabled);
}

TEST_P(OrchestratorStoreContract, IsConfiguredAndStaysTheSame) {
  const auto user = new_user();
  const auto first = run_task(stores->orchestrators().open(user, fresh()));
  OrchestratorConfig config{.enabled = false, .max_cost_usd = 0.5, .instructions = "kurz, bitte: \"ü\""};
  const auto now = clock.now();
  const auto configured = run_task(stores->orchestrators().configure(user, config, now));
  EXPECT_EQ(configured.id, first.id);
  EXPECT_EQ(configured.updated_at, now);
  const auto again = run_task(stores->orchestrators().open(user, fresh()));
  EXPECT_FALSE(again.config.enabled);
  EXPECT_EQ(again.config.max_cost_usd, 0.5);
  EXPECT_EQ(again.config.instructions, config.instructions);
}

TEST_P(OrchestratorStoreContract, EachUserHasTheirOwn) {
  const auto ann = new_user();
  const auto bob = new_user();
  const auto anns = run_task(stores->orchestrators().open(ann, fresh()));
  const auto bobs = run_task(stores->orchestrators().open(bob, fresh()));
  EXPECT_NE(anns.id, bobs.id);
  run_task(stores->orchestrators().configure(ann, {.enabled = false}, clock.now()));
  EXPECT_TRUE(run_task(stores->orchestrators().open(bob, fresh())).config.enabled);
}

}  // namespace
}  // namespace codelab::tests
