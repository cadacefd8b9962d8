#include "core/orchestration/plan_cues.hpp"

#include <gtest/gtest.h>

namespace codelab::core::orchestration {
namespace {

const std::vector<agents::TeamMember> kTeam{
    {"coder", "Writes code."}, {"architect", "Designs."}, {"asker", "Answers."}};

TEST(AsksForAPlan, several_items) {
  EXPECT_TRUE(asks_for_a_plan("Please:\n- design it\n- write it", kTeam));
  EXPECT_TRUE(asks_for_a_plan("1. design it\n2) write it", kTeam));
  EXPECT_FALSE(asks_for_a_plan("- only this", kTeam));
  EXPECT_FALSE(asks_for_a_plan("What are\n3.14159\n2.71828\ncalled?", kTeam));
}

TEST(AsksForAPlan, work_in_an_order) {
  EXPECT_TRUE(asks_for_a_plan("Design it, THEN write it.", kTeam));
  EXPECT_TRUE(asks_for_a_plan("Спроектируй, а ЗАТЕМ напиши.", kTeam));
  EXPECT_TRUE(asks_for_a_plan("First this, then that.", kTeam));
  EXPECT_FALSE(asks_for_a_plan("What does finally do in Java?", kTeam));
  EXPECT_FALSE(asks_for_a_plan("If the list is empty, then what does max() return?", kTeam));
  EXPECT_FALSE(asks_for_a_plan("Who was the first president, and also the oldest?", kTeam));
  EXPECT_FALSE(asks_for_a_plan("What is the authentication of strengthened firsts?", kTeam));
}

TEST(AsksForAPlan, three_tasks) {
  EXPECT_TRUE(asks_for_a_plan("Design it, write it, review it", kTeam));
  EXPECT_TRUE(asks_for_a_plan("Please design an API and write it. Also test it!", kTeam));
  EXPECT_TRUE(asks_for_a_plan("Спроектируйте схему, напишите код и проверьте его", kTeam));
  EXPECT_FALSE(asks_for_a_plan("Write a function and test it", kTeam));
  EXPECT_FALSE(asks_for_a_plan("I write, you test, they build.", kTeam));
}

TEST(AsksForAPlan, only_the_beginning_of_a_long_message_is_examined) {
  std::string text;
  while (text.size() < (1 << 18)) text += "a b c d and ";
  EXPECT_FALSE(asks_for_a_plan(text, kTeam));
  EXPECT_FALSE(asks_for_a_plan(text + "Design it, write it, review it", kTeam));
  EXPECT_TRUE(asks_for_a_plan("Design it, write it, review it. " + text, kTeam));
}

TEST(AsksForAPlan, several_of_the_team_by_name) {
  EXPECT_TRUE(asks_for_a_plan("Let the architect and the coder do it", kTeam));
  EXPECT_FALSE(asks_for_a_plan("Would a coder do that?", kTeam));
}

TEST(AsksForAPlan, small_talk_does_not_nor_does_anything_where_one_agent_is_alone) {
  EXPECT_FALSE(asks_for_a_plan("", kTeam));
  EXPECT_FALSE(asks_for_a_plan("Hello!", kTeam));
  EXPECT_FALSE(asks_for_a_plan("design this, then write that", {kTeam.front()}));
}

}  // namespace
}  // namespace codelab::core::orchestration
