#include "http/assets/page_fallback.hpp"

#include <gtest/gtest.h>

namespace codelab::http::assets {
namespace {

TEST(PageFallback, LeavesTheServersOwnPrefixesAlone) {
  for (const std::string_view path :
       {"/my", "/my/", "/my/agents/", "/auth", "/auth/nope", "/assets", "/assets/front.0.css", "/health", "/health/x",
        "/metrics", "/metrics/", "/openapi.json", "/openapi.json/"}) {
    EXPECT_FALSE(is_page_path(path)) << path;
  }
}

TEST(PageFallback, TakesEveryOtherPath) {
  for (const std::string_view path :
       {"/", "/chat", "/chat/0190-session", "/mystery", "/authors", "/healthy", "/MY", "/a/my/agents", "/v1.2/chat"}) {
    EXPECT_TRUE(is_page_path(path)) << path;
  }
}

TEST(PageFallback, RefusesWhatIsNamedLikeAFile) {
  for (const std::string_view path : {"/favicon.ico", "/robots.txt", "/chat/missing.js", "/openapi.jsonx", "/.env"}) {
    EXPECT_FALSE(is_page_path(path)) << path;
  }
}

TEST(PageFallback, RefusesWhatIsNotAPath) {
  EXPECT_FALSE(is_page_path(""));
  EXPECT_FALSE(is_page_path("*"));
  EXPECT_FALSE(is_page_path("chat"));
}

TEST(PageFallback, IsForClientsThatAskForHtmlByName) {
  EXPECT_TRUE(accepts_html("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"));
  EXPECT_TRUE(accepts_html("application/json, TEXT/HTML;charset=utf-8;q=0.1"));
  EXPECT_FALSE(accepts_html(""));
  EXPECT_FALSE(accepts_html("*/*"));
  EXPECT_FALSE(accepts_html("application/json"));
  EXPECT_FALSE(accepts_html("text/html;q=0"));
  EXPECT_FALSE(accepts_html("text/html5"));
}

TEST(PageFallback, AnswersTheFrontDoor) {
  EXPECT_EQ(page_fallback().path, "/");
  EXPECT_EQ(page_fallback().content_type, "text/html; charset=utf-8");
}

}  // namespace
}  // namespace codelab::http::assets
