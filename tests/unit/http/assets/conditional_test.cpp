#include "http/assets/conditional.hpp"

#include <gtest/gtest.h>

namespace codelab::http::assets {
namespace {

constexpr std::string_view kEtag = "W/\"abc\"";

TEST(IfNoneMatch, MatchesTheSameTagWeakOrStrong) {
  EXPECT_TRUE(matches_if_none_match(kEtag, "W/\"abc\""));
  EXPECT_TRUE(matches_if_none_match(kEtag, "\"abc\""));
  EXPECT_TRUE(matches_if_none_match("\"abc\"", "W/\"abc\""));
}

TEST(IfNoneMatch, FindsTheTagAnywhereInAList) {
  EXPECT_TRUE(matches_if_none_match(kEtag, "\"x\", W/\"y\" ,,\t\"abc\""));
  EXPECT_TRUE(matches_if_none_match(kEtag, "\"a,b\",\"abc\""));
}

TEST(IfNoneMatch, MatchesAStarThatStandsAlone) {
  EXPECT_TRUE(matches_if_none_match(kEtag, " * "));
  EXPECT_FALSE(matches_if_none_match(kEtag, "*, \"abc\""));
}

TEST(IfNoneMatch, DoesNotMatchAnotherTagOrNone) {
  for (const std::string_view field : {"", " ", "\"abcd\"", "\"ab\"", "\"ABC\"", "\"x,\"", "\"x,abc\"", "\"\""}) {
    EXPECT_FALSE(matches_if_none_match(kEtag, field)) << field;
  }
}

TEST(IfNoneMatch, StopsAtAMalformedTag) {
  for (const std::string_view field : {"abc", "\"abc", "w/\"abc\"", "W/abc", "W/", "x, \"abc\"", "W/ \"abc\""}) {
    EXPECT_FALSE(matches_if_none_match(kEtag, field)) << field;
  }
}

}  // namespace
}  // namespace codelab::http::assets
