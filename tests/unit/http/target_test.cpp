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

TEST(Target, an_absolute_one_is_its_path_and_query) {
  EXPECT_EQ(parse_target("http://host/my/agents/a%20b?q=1")->segments, parse_target("/my/agents/a%20b")->segments);
  EXPECT_EQ(parse_target("http://host/my/agents?q=1")->find("q"), "1");
  EXPECT_EQ(parse_target("HTTPS://[::1]:8080/health")->path(), "/health");
  EXPECT_EQ(parse_target("http://host")->path(), "/");
  EXPECT_EQ(parse_target("http://host?q=1")->find("q"), "1");
}

TEST(Target, what_leads_elsewhere_is_refused) {
  for (const char* text :
       {"/../etc", "/a/..", "/a/./b", "/%2e%2e/x", "/a%2fb", "/a%5cb", "/a%00", "/%zz", "*", "", "a/b", "ftp://x/y",
        "http://", "http:///y", "http://u:p@x/y", "http://x/../y", "http://x/%zz", "x:80"}) {
    EXPECT_FALSE(parse_target(text)) << text;
  }
}

}  // namespace
}  // namespace codelab::http
