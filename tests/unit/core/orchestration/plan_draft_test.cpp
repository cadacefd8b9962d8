#include "core/orchestration/plan_draft.hpp"

#include <gtest/gtest.h>

namespace codelab::core::orchestration {
namespace {

constexpr std::string_view kPlan = R"({"goal":"a page","nodes":[{"id":"a","agent":"coder","instruction":"write {it}"},)"
                                   R"({"id":"b","agent":"reviewer","instruction":"review","depends_on":["a"]}]})";

std::string fault_of(std::string_view answer) {
  const auto draft = read_draft(answer);
  return draft ? "" : draft.error().front().msg;
}

TEST(PlanDraft, is_read_as_it_is) {
  const auto draft = read_draft(kPlan);
  ASSERT_TRUE(draft);
  EXPECT_EQ(draft->goal, "a page");
  ASSERT_EQ(draft->nodes.size(), 2);
  EXPECT_EQ(draft->nodes[0].instruction, "write {it}");
  EXPECT_EQ(draft->nodes[1].depends_on, std::vector<std::string>{"a"});
}

TEST(PlanDraft, is_found_in_a_fence_among_prose_and_behind_other_braces) {
  const std::string plan(kPlan);
  EXPECT_TRUE(read_draft("Here it is:\n```json\n" + plan + "\n```\nGood luck!"));
  EXPECT_TRUE(read_draft(R"(A set {1, 2} and an object {"a": 1} come first. )" + plan + " And {this} last."));
  EXPECT_TRUE(read_draft("An open brace { before it: " + plan));
}

TEST(PlanDraft, one_that_is_cut_off_is_said_to_be_not_finished) {
  for (std::size_t length = 1; length < kPlan.size(); ++length) {
    EXPECT_EQ(fault_of(kPlan.substr(0, length)), "the JSON object is not finished") << kPlan.substr(0, length);
  }
}

TEST(PlanDraft, what_never_closes_is_not_searched_for_ever) {
  EXPECT_EQ(fault_of(std::string(1 << 20, '{')), "the JSON object is not finished");
}

TEST(PlanDraft, what_is_no_plan_is_named_with_its_place) {
  EXPECT_EQ(fault_of("I would rather not."), "there is no JSON object");
  EXPECT_EQ(fault_of("{}"), "field required");
  const auto draft = read_draft(R"({"goal":"x","nodes":[{"id":7,"agent":"","depends_on":"a"}]})");
  ASSERT_FALSE(draft);
  std::vector<std::string> places;
  for (const auto& each : draft.error()) places.push_back(each.loc.at(2) + "." + each.loc.at(3));
  EXPECT_EQ(places, (std::vector<std::string>{"0.id", "0.agent", "0.instruction", "0.depends_on"}));
}

}  // namespace
}  // namespace codelab::core::orchestration
