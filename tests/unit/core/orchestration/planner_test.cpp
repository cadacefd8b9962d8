#include "core/orchestration/planner.hpp"

#include <deque>

#include <gtest/gtest.h>

#include "tests/unit/fakes/hand_loop.hpp"

namespace codelab::core::orchestration {
namespace {

/// Answers in turn; the last one again and again.
class AnsweringModel final : public models::ChatModel {
 public:
  base::Task<base::Result<models::Completion>> complete(models::CompletionRequest request, models::TextSink&) override {
    asked.push_back(std::move(request));
    if (failure) co_return *failure;
    models::Completion completion{
        .text = answers.front(), .model = "scripted", .tokens = {10, 5}, .finish_reason = "stop"};
    if (answers.size() > 1) answers.pop_front();
    co_return completion;
  }
  models::ModelInfo info() const override { return {.name = "scripted"}; }

  std::deque<std::string> answers;
  std::optional<base::Error> failure;
  std::vector<models::CompletionRequest> asked;
};

constexpr const char* kGood =
    R"({"goal":"g","nodes":[{"id":"b","agent":"writer","instruction":"y","depends_on":["a"]},)"
    R"({"id":"a","agent":"coder","instruction":"x"}]})";
constexpr const char* kCircle =
    R"({"goal":"g","nodes":[{"id":"a","agent":"coder","instruction":"x","depends_on":["b"]},)"
    R"({"id":"b","agent":"coder","instruction":"y","depends_on":["a"]}]})";

class PlannerTest : public testing::Test {
 protected:
  base::Result<Planned> plan(std::deque<std::string> answers) {
    model_.answers = std::move(answers);
    return loop_.run(planner_.plan({.message = "make a page",
                                    .history = {{.role = chat::MessageRole::user, .content = "earlier"}},
                                    .team = {{"coder", "Writes code."}, {"writer", "Writes text."}},
                                    .model = "m",
                                    .instructions = "Be frugal.",
                                    .max_nodes = 4},
                                   cost_));
  }

  PlanningCost cost_;
  AnsweringModel model_;
  Planner planner_{model_};
  tests::HandLoop loop_;
};

TEST_F(PlannerTest, a_good_answer_is_the_plan) {
  const auto planned = plan({kGood});
  ASSERT_TRUE(planned);
  EXPECT_EQ(planned->goal, "g");
  ASSERT_EQ(planned->nodes.size(), 2);
  EXPECT_EQ(planned->nodes[0].id, "a");
  EXPECT_EQ(cost_.tokens.prompt_tokens, 10);
  ASSERT_EQ(model_.asked.size(), 1);
  const auto& messages = model_.asked[0].messages;
  EXPECT_TRUE(messages.front().content.contains("- coder: Writes code."));
  EXPECT_TRUE(messages.front().content.contains("at most 4."));
  EXPECT_TRUE(messages.front().content.contains("Be frugal."));
  EXPECT_EQ(messages[1].content, "earlier");
  EXPECT_EQ(messages.back().content, "make a page");
  EXPECT_TRUE(model_.asked[0].answer_schema->schema.contains("depends_on"));
  EXPECT_FALSE(model_.asked[0].answer_schema->schema.contains("$ref"));
}

TEST_F(PlannerTest, a_bad_answer_is_mended_with_its_faults_named) {
  const auto planned = plan({"I think", kCircle, kGood});
  ASSERT_TRUE(planned);
  EXPECT_EQ(cost_.tokens.completion_tokens, 15);
  ASSERT_EQ(model_.asked.size(), 3);
  EXPECT_TRUE(model_.asked[1].messages.back().content.contains("there is no JSON object"));
  EXPECT_TRUE(model_.asked[2].messages.back().content.contains("go round in a circle"));
  EXPECT_EQ(model_.asked[2].messages[model_.asked[2].messages.size() - 2].content, kCircle);
}

TEST_F(PlannerTest, what_cannot_be_mended_fails) {
  const auto planned = plan({kCircle});
  ASSERT_FALSE(planned);
  EXPECT_EQ(planned.error().code, base::ErrorCode::plan_failed);
  EXPECT_EQ(model_.asked.size(), 3);
  EXPECT_EQ(cost_.tokens.completion_tokens, 15) << "what came to nothing was paid for too";
}

TEST_F(PlannerTest, a_model_that_fails_is_not_asked_again) {
  model_.failure = base::make_error(base::ErrorCode::model_timeout, "too slow");
  EXPECT_EQ(plan({""}).error().code, base::ErrorCode::model_timeout);
  EXPECT_EQ(model_.asked.size(), 1);
}

}  // namespace
}  // namespace codelab::core::orchestration
