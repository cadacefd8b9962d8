#include "core/orchestration/agent_picker.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <gtest/gtest.h>

#include "tests/unit/fakes/hand_loop.hpp"

namespace codelab::core::orchestration {
namespace {

const std::vector<agents::TeamMember> kTeam{
    {"coder", "Writes code."}, {"architect", "Designs."}, {"asker", "Answers."}};

/// Each text has a direction of its own, by the word that it contains.
class WordEmbedder final : public models::Embedder {
 public:
  base::Task<base::Result<std::vector<models::Embedding>>> embed(std::vector<std::string> texts) override {
    if (hangs) {
      boost::asio::steady_timer never(co_await boost::asio::this_coro::executor, std::chrono::hours(1));
      co_await never.async_wait(boost::asio::use_awaitable);
    }
    if (away) co_return base::make_error(base::ErrorCode::model_failed, "away");
    std::vector<models::Embedding> all;
    for (const std::string& text : texts) {
      all.push_back(
          {.model = "m", .values = {text.contains("code") ? 1.0F : 0.0F, text.contains("Designs") ? 1.0F : 0.0F}});
    }
    co_return all;
  }
  models::ModelInfo info() const override { return {.name = "m"}; }

  bool away = false;
  bool hangs = false;
};

class AgentPickerTest : public testing::Test {
 protected:
  std::string pick(std::string message, std::vector<agents::TeamMember> team = kTeam) {
    return team[loop_.run(picker_.pick(std::move(message), team))].name;
  }

  WordEmbedder embedder_;
  AgentPicker picker_{embedder_, std::chrono::milliseconds(50)};
  tests::HandLoop loop_;
};

TEST_F(AgentPickerTest, the_nearest_in_meaning_is_picked) {
  EXPECT_EQ(pick("some code"), "coder");
  EXPECT_EQ(pick("Designs"), "architect");
}

TEST_F(AgentPickerTest, while_nothing_can_be_compared_whoever_answers_questions_is_picked) {
  embedder_.away = true;
  EXPECT_EQ(pick("some code"), "asker");
  EXPECT_EQ(pick("some code", {kTeam[1], kTeam[0]}), "architect");
}

TEST_F(AgentPickerTest, an_embedder_that_hangs_is_not_waited_for) {
  embedder_.hangs = true;
  EXPECT_EQ(pick("some code"), "asker");
}

}  // namespace
}  // namespace codelab::core::orchestration
