#include "config/unknown_variables.hpp"

#include <gtest/gtest.h>

namespace codelab::config {
namespace {

TEST(UnknownVariables, are_those_that_look_like_settings_and_are_none) {
  const char* const environment[] = {"PATH=/bin",           "CODELAB_PROT=8080",      "CODELAB_PORT=8080",
                                     "CODELAB_AGENTS",      "CODELAB_E2E_PATIENCE=2", "CODELAB_TEST_MODEL_DIR=/m",
                                     "CODELAB_BINARY=/bin", "OPENAI_API_KEY=k",       nullptr};
  EXPECT_EQ(unknown_variables(environment), (std::vector<std::string>{"CODELAB_AGENTS", "CODELAB_PROT"}));
}

TEST(UnknownVariables, an_empty_environment_has_none) {
  EXPECT_TRUE(unknown_variables(nullptr).empty());
  const char* const nothing[] = {nullptr};
  EXPECT_TRUE(unknown_variables(nothing).empty());
}

}  // namespace
}  // namespace codelab::config
