#include "core/chat/targets.hpp"

#include "tests/unit/core/chat/chat_fixture.hpp"

namespace codelab::core::chat {
namespace {

class TargetsTest : public tests::ChatTest {
 protected:
  base::Result<Target> of(std::string content, std::optional<std::string> named = std::nullopt) {
    return loop_.run(targets_.of_message(user_, std::move(named), std::move(content)));
  }
};

TEST_F(TargetsTest, what_is_named_comes_first_then_what_the_text_begins_with_then_automatic_mode) {
  add_agent("asker");
  automatic_.chosen = Target{.agent = automatic_.conductor, .kind = TaskKind::plan};
  EXPECT_EQ(of("@coder hello", "asker")->agent.name, "asker");
  EXPECT_EQ(of("@coder hello")->agent.name, "coder");
  EXPECT_EQ(of("@coder hello")->kind, TaskKind::direct);
  EXPECT_EQ(of("hello @coder")->kind, TaskKind::plan);
  EXPECT_EQ(of("hello", "nobody").error().code, base::ErrorCode::agent_not_found);
}

TEST_F(TargetsTest, the_orchestrator_can_be_named_and_an_agent_of_that_name_comes_first) {
  EXPECT_EQ(of("@orchestrator hello")->kind, TaskKind::plan);
  add_agent("orchestrator");
  EXPECT_EQ(of("@orchestrator hello")->kind, TaskKind::direct);
}

TEST_F(TargetsTest, a_plans_task_is_the_orchestrators) {
  const auto agent = of("@coder")->agent;
  EXPECT_EQ(loop_.run(targets_.of_task(user_, TaskKind::direct, agent.id))->name, "coder");
  EXPECT_EQ(loop_.run(targets_.of_task(user_, TaskKind::plan, agent.id))->name, "orchestrator");
}

}  // namespace
}  // namespace codelab::core::chat
