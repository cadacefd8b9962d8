#include "core/agents/team.hpp"

#include <string>

#include <gtest/gtest.h>

namespace codelab::core::agents {
namespace {

TEST(Team, IsDescribedByTheBeginningOfItsPrompts) {
  EXPECT_EQ(description_of("You are Coder,\na programmer.\n\nRules:\n- none"), "You are Coder, a programmer.");
  EXPECT_LE(description_of(std::string(5'000, 'x')).size(), 300);
}

}  // namespace
}  // namespace codelab::core::agents
