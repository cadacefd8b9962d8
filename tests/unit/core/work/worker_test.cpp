#include "core/work/worker.hpp"

#include <algorithm>
#include <deque>
#include <string>
#include <vector>

#include "core/chat/task_lifecycle.hpp"
#include "core/work/work_parts.hpp"
#include "tests/unit/core/chat/chat_fixture.hpp"

namespace codelab::core::work {
namespace {

using chat::Task;
using chat::TaskStatus;
using events::EventType;
using models::Completion;
using models::ToolCall;

/// Gives its turns one after the other, the last again and again.
class TurnsModel final : public models::ChatModel {
 public:
  std::deque<Completion> turns;
  std::vector<models::CompletionRequest> asked;

  base::Task<base::Result<Completion>> complete(models::CompletionRequest request, models::TextSink& sink) override {
    asked.push_back(std::move(request));
    Completion turn = turns.front();
    if (turns.size() > 1) turns.pop_front();
    if (!turn.text.empty()) sink.on_text(turn.text);
    turn.model = "turns";
    turn.tokens = {.prompt_tokens = 10, .completion_tokens = 1};
    co_return turn;
  }
  models::ModelInfo info() const override { return {.name = "turns"}; }
};

/// Answers with its arguments.
class Repeating final : public Tool {
 public:
  std::vector<std::string> called;
  std::function<void()> meanwhile = [] {};

  std::string_view name() const override { return "repeat"; }
  base::Task<std::optional<models::ToolSpec>> spec(const Assignment&) override {
    co_return models::ToolSpec{.name = "repeat", .description = "d", .parameters = "{}"};
  }
  bool waits_for_agents() const override { return true; }
  base::Task<ToolResult> call(ToolUse use) override {
    called.push_back(use.arguments);
    meanwhile();
    co_return ToolResult{.text = "said " + use.arguments, .usage = {.prompt_tokens = 100, .completion_tokens = 100}};
  }
};

class WorkerTest : public codelab::tests::ChatTest {
 protected:
  WorkerTest() { worker_.add(tool_); }

  Assignment begun() {
    auto agent = loop_.run(registry_.find(user_, agents::AgentRef::parse("coder"))).value();
    agent.config.tools = {"repeat"};
    Task task{.id = base::TaskId::generate(),
              .session_id = session_.id,
              .agent_id = agent.id,
              .agent_name = agent.name,
              .status = TaskStatus::running};
    loop_.run(tasks_.begin(user_, {.message = {.session_id = session_.id}, .task = task})).value();
    turn_.emplace(loop_.run(bus_.enter({user_, agent.id, session_.id, task.id}, chat::bounds_of(agent))).value());
    return {.scope = user_, .task = std::move(task), .agent = std::move(agent), .message = "do it"};
  }
  base::Result<Worked> work(const Assignment& assignment, Allowance allowance = {.calls = 8, .tokens = 10'000}) {
    return loop_.run(worker_.work(assignment, *turn_, allowance, nullptr));
  }
  static Completion calls(std::vector<std::string> arguments, std::string text = "") {
    Completion turn{.text = std::move(text)};
    for (auto& each : arguments) turn.tool_calls.push_back({.id = "", .name = "repeat", .arguments = std::move(each)});
    return turn;
  }
  std::vector<std::string> results_told() {
    std::vector<std::string> told;
    for (const auto& message : turns_.asked.back().messages) {
      if (message.role == models::Role::tool) told.push_back(message.content);
    }
    return told;
  }

  TurnsModel turns_;
  Repeating tool_;
  Worker worker_{{.tasks = tasks_, .log = work_log_, .memory = memory_, .model = turns_, .prices = prices_},
                 {.context_tokens = 8'000}};
  std::optional<bus::AgentBus::Turn> turn_;
};

TEST_F(WorkerTest, calls_are_done_and_their_results_told_in_the_order_of_the_calls) {
  turns_.turns = {calls({"a", "b"}, "Let me see."), {.text = "Done."}};
  const auto worked = work(begun());
  ASSERT_TRUE(worked);
  EXPECT_EQ(worked->text, "Let me see.\n\nDone.");
  EXPECT_EQ(results_told(), (std::vector<std::string>{"said a", "said b"}));
  EXPECT_EQ(worked->usage.prompt_tokens, 10 + 10 + 200);
  const auto& asking = turns_.asked.back().messages[turns_.asked.back().messages.size() - 3];
  EXPECT_EQ(asking.tool_calls.size(), 2U);
  EXPECT_NE(asking.tool_calls[0].id, asking.tool_calls[1].id);
}

TEST_F(WorkerTest, what_is_recorded_is_not_done_again) {
  auto assignment = begun();
  const TurnPart turn{.text = "Earlier.",
                      .calls = {{.id = "1", .name = "repeat", .arguments = "a", .step = base::TaskId::generate()},
                                {.id = "2", .name = "repeat", .arguments = "b", .step = base::TaskId::generate()}},
                      .usage = {.prompt_tokens = 5}};
  const ResultPart result{.text = "said a before", .usage = {.prompt_tokens = 7}};
  work_log_.parts[assignment.task.id] = {recorded(1, turn), recorded(1, std::size_t{0}, result)};
  assignment.resumed = true;
  turns_.turns = {{.text = "Done."}};
  const auto worked = work(assignment);
  ASSERT_TRUE(worked);
  EXPECT_EQ(tool_.called, std::vector<std::string>{"b"});
  EXPECT_EQ(results_told(), (std::vector<std::string>{"said a before", "said b"}));
  EXPECT_EQ(worked->text, "Earlier.\n\nDone.");
  EXPECT_EQ(worked->usage.prompt_tokens, 5 + 7 + 100 + 10);
  EXPECT_EQ(turns_.asked.size(), 1U);
}

TEST_F(WorkerTest, no_more_calls_than_allowed_are_done) {
  turns_.turns = {calls({"a", "b", "c"}), {.text = "Done."}};
  ASSERT_TRUE(work(begun(), {.calls = 2, .tokens = 10'000}));
  EXPECT_EQ(tool_.called.size(), 2U);
  EXPECT_TRUE(results_told()[2].contains("No more tool calls"));
  EXPECT_TRUE(turns_.asked.back().no_more_calls);
}

TEST_F(WorkerTest, one_answer_calls_so_many_at_most_and_their_results_share_what_the_prompt_has_left) {
  turns_.turns = {calls(std::vector<std::string>(40, std::string(4'000, 'x'))), {.text = "Done."}};
  ASSERT_TRUE(work(begun(), {.calls = 100, .tokens = 10'000'000}));
  EXPECT_EQ(tool_.called.size(), 32U);
  std::size_t bytes = 0;
  for (const auto& result : results_told()) bytes += result.size();
  EXPECT_EQ(results_told().size(), 32U);
  EXPECT_LT(bytes, 32U * 300);
}

TEST_F(WorkerTest, when_the_tokens_are_used_up_no_more_is_called) {
  turns_.turns = {calls({"a"}), calls({"b"}), {.text = "Done."}};
  const auto worked = work(begun(), {.calls = 8, .tokens = 15});
  EXPECT_EQ(tool_.called.size(), 2U);
  EXPECT_TRUE(turns_.asked[2].no_more_calls);
  EXPECT_FALSE(turns_.asked[1].no_more_calls);
  EXPECT_TRUE(worked);
}

TEST_F(WorkerTest, a_model_that_never_answers_has_failed) {
  turns_.turns = {calls({"a"})};
  const auto worked = work(begun(), {.calls = 3, .tokens = 10'000});
  ASSERT_FALSE(worked);
  EXPECT_EQ(worked.error().code, base::ErrorCode::model_failed);
  EXPECT_EQ(tool_.called.size(), 3U);
}

TEST_F(WorkerTest, the_slot_is_given_to_others_while_other_agents_are_waited_for) {
  turns_.turns = {calls({"a"}), {.text = "Done."}};
  std::size_t meanwhile = 99;
  tool_.meanwhile = [&] { meanwhile = bus_.counts().running; };
  ASSERT_TRUE(work(begun()));
  EXPECT_EQ(meanwhile, 0U);
  EXPECT_EQ(bus_.counts().running, 1U);
}

TEST_F(WorkerTest, a_task_that_has_ended_meanwhile_is_worked_on_no_further) {
  turns_.turns = {calls({"a"}), {.text = "Done."}};
  const auto assignment = begun();
  tool_.meanwhile = [&] { chat_.erase(user_, session_.id); };
  EXPECT_THROW(static_cast<void>(work(assignment)), chat::TaskGone);
  EXPECT_EQ(turns_.asked.size(), 1U);
}

TEST_F(WorkerTest, a_tool_that_the_agent_does_not_have_is_not_called) {
  auto assignment = begun();
  assignment.agent.config.tools = {};
  turns_.turns = {calls({"a"}), {.text = "Done."}};
  ASSERT_TRUE(work(assignment));
  EXPECT_TRUE(tool_.called.empty());
  EXPECT_TRUE(turns_.asked[0].tools.empty());
  EXPECT_EQ(results_told(), std::vector<std::string>{"There is no tool repeat."});
}

}  // namespace
}  // namespace codelab::core::work
