#include "http/target.hpp"

#include <gtest/gtest.h>

namespace codelab::http {
namespace {

TEST(Target, a_trailing_slash_does_not_count) {
  EXPECT_EQ(parse_target("/my/agents/")->segments, parse_target("/my/agents")->segments);
  EXPECT_EQ(parse_target("/")->path(), "/");
  EXPECT_EQ(parse_target("/a/b/")->path(), "/a/b");
}

TEST(Target, is_decoded_once) {
  EXPECT_EQ(parse_target("/my/agents/my%2Dagent")->segments.back(), "my-agent");
  EXPECT_EQ(parse_target("/a/%252e%252e")->segments.back(), "%2e%2e");
  EXPECT_EQ(parse_target("/s?q=a%20b%26c&since=0000000042.1")->find("q"), "a b&c");
}

TEST(Target, what_leads_elsewhere_is_refused) {
  for (const char* text :
       {"/../etc", "/a/..", "/a/./b", "/%2e%2e/x", "/a%2fb", "/a%5cb", "/a%00", "/%zz", "*", "", "http://x/y", "a/b"}) {
    EXPECT_FALSE(parse_target(text)) << text;
  }
}

}  // namespace
}  // namespace codelab::http
